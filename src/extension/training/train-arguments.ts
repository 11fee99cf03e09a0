import type { TrainRequest, Place } from '../../protocol/engine';

/** What other extensions, key bindings and tests may pass instead of answering the questions. */
export interface TrainArguments extends Pick<TrainRequest, 'context' | 'reading' | 'training'> {
  /** Where it runs, if not in the engine. */
  place?: Place;
  data?: string;
  preset?: string;
  /** A checkpoint whose model and weights the run starts from; an absolute path. */
  from?: string;
  /** Relative to the workspace folder, or absolute. */
  output?: string;
  maxSteps?: number;
  maxSeconds?: number;
  seed?: number;
}
