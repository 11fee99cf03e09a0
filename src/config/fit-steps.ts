/** The length of a preset's training for data of some size. */
import type { Preset } from './preset';

type Training = Preset['training'];

/** Fewer would not train any network. */
const fewestSteps = 200;
/** Validations in a training that is shorter than its preset's: enough for early stopping to act. */
const validations = 40;
const checkpoints = 5;

/**
 * As many steps as the preset's `mostEpochs` over the training examples, where that is fewer than it has; what is done every
 * so many steps then is done more often.
 * @param settings what the user set; with steps among it, nothing is changed
 */
export function fitSteps(
  { training, mostEpochs }: Preset,
  settings: Training,
  examples: number | undefined,
): Training {
  const { steps = 0, batch = 64 } = { ...training, ...settings };
  if (mostEpochs === undefined || examples === undefined || settings.steps !== undefined) return training;
  if (!(Number.isInteger(batch) && batch > 0)) return training;
  const fitted = Math.max(fewestSteps, mostEpochs * Math.max(1, Math.floor(examples / batch)));
  if (fitted >= steps) return training;
  const every = (usual: number | undefined, times: number): number =>
    Math.min(usual ?? fitted, Math.max(1, Math.round(fitted / times)));
  return {
    ...training,
    steps: fitted,
    warmupSteps: Math.min(training.warmupSteps ?? 0, Math.floor(fitted / 10)),
    validateEvery: every(training.validateEvery, validations),
    checkpointEvery: every(training.checkpointEvery, checkpoints),
    sampleEvery: every(training.sampleEvery, checkpoints),
  };
}
