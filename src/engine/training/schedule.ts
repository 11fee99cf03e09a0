/** The learning rate of each step. */
import type { TrainingConfig } from '../../config/schema';
import type { RateChange } from '../../protocol/run';

/**
 * The rate of a step, with changes made during the run. A new rate is the one of its step, and the schedule then
 * goes on in proportion; during warm-up it is the one that warm-up leads to, since the first steps of a warm-up scaled
 * up would end far above it.
 *
 * @param step counted from 1.
 * @param changes by ascending step.
 */
export function learningRateAt(
  step: number,
  config: TrainingConfig,
  changes: readonly RateChange[] = [],
): number {
  const change = changes.findLast((candidate) => candidate.step <= step);
  if (!change) return scheduledRate(step, config);
  const reference =
    change.step <= config.warmupSteps ? config.learningRate : scheduledRate(change.step, config);
  return reference > 0
    ? change.learningRate * (scheduledRate(step, config) / reference)
    : change.learningRate;
}

/**
 * Linear warm-up over `warmupSteps`, then constant, half a cosine, or exponential to `finalLearningRate` at the last
 * step. Depends on the step alone, so that a resumed run goes on as if it had not stopped.
 *
 * @param step counted from 1.
 */
function scheduledRate(step: number, config: TrainingConfig): number {
  const { learningRate, finalLearningRate, warmupSteps, steps, schedule } = config;
  if (step <= warmupSteps) return (learningRate * step) / warmupSteps;
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, steps - warmupSteps));
  if (schedule === 'cosine')
    return finalLearningRate + (learningRate - finalLearningRate) * 0.5 * (1 + Math.cos(Math.PI * progress));
  if (schedule === 'exponential') {
    const end = Math.max(finalLearningRate, learningRate * 1e-4);
    return learningRate * (end / learningRate) ** progress;
  }
  return learningRate;
}

/**
 * Decay of the weights' moving average at a step: it grows with the steps done up to what the config says, so that the
 * average does not stay near the initial weights (as in TensorFlow's ExponentialMovingAverage with num_updates).
 *
 * @param step counted from 1.
 */
export function averageDecayAt(step: number, { ema }: TrainingConfig): number {
  return Math.min(ema, (1 + step) / (10 + step));
}
