/** A run that goes on beyond where its config ended it. */
import type { RunProgress } from '../../checkpoint/resume';
import { UserError } from '../../base/user-error';
import { parseRunConfig } from '../../config/parse';
import type { RunConfig } from '../../config/schema';

interface Ended {
  config: RunConfig;
  step: number;
  seconds: number;
  progress: RunProgress;
}

/**
 * Config and progress of a run that ends `more` steps after the one it has reached. The schedule of the learning rate spans all
 * its steps. A limit of time that is used up, and validations that brought nothing, would end it again at once, so they no longer count.
 *
 * @throws UserError for a number of steps that makes no sense
 */
export function withMoreSteps(
  run: Ended,
  more: number,
  file: string,
): { config: RunConfig; progress: RunProgress } {
  if (!Number.isSafeInteger(more) || more < 1)
    throw new UserError(`${more} more steps: expected a whole number from 1.`);
  const { maxSeconds, ...training } = run.config.training;
  const left = maxSeconds !== undefined && run.seconds < maxSeconds ? { maxSeconds } : {};
  const config = { ...run.config, training: { ...training, ...left, steps: run.step + more } };
  return {
    config: parseRunConfig(config, file),
    progress: { ...run.progress, withoutBetter: 0 },
  };
}
