import type { TrainRequest, Place } from '../../protocol/engine';

type Answers = 'data' | 'context' | 'reading' | 'training' | 'preset' | 'from' | 'output';
type Limits = 'maxSteps' | 'maxSeconds' | 'seed';

/**
 * What other extensions, key bindings and tests may pass instead of answering the questions. `from` is an absolute path,
 * `output` may be relative to the workspace folder.
 */
export interface TrainArguments extends Partial<Pick<TrainRequest, Answers | Limits>> {
  /** Where it runs, if not in the engine. */
  place?: Place;
}
