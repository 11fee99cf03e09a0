/** The training section of the config: optimizer, schedule, and what is written when. */
import * as v from 'valibot';
import { fraction, nonNegative, nonNegativeInteger, optional, positive, positiveInteger } from './fields';

export const trainingSchema = v.strictObject({
  seed: optional('Seeds initial weights, order of the examples, noise and flips.', nonNegativeInteger, 0),
  steps: optional('Optimizer steps.', positiveInteger, 2000),
  maxSeconds: optional('Stop after this many seconds of training.', positive),
  batch: optional('Examples per step.', v.pipe(positiveInteger, v.maxValue(65536)), 64),
  learningRate: optional('Step size of Adam after warm-up.', positive, 1e-3),
  schedule: optional(
    'Decay of the learning rate after warm-up.',
    v.picklist(['constant', 'cosine', 'exponential']),
    'constant',
  ),
  warmupSteps: optional('Steps over which the learning rate rises from 0.', nonNegativeInteger, 0),
  finalLearningRate: optional('Learning rate at the end of the decay.', nonNegative, 0),
  beta1: optional('Decay of the mean of gradients in Adam.', v.pipe(fraction, v.ltValue(1)), 0.9),
  beta2: optional('Decay of the mean of squared gradients in Adam.', v.pipe(fraction, v.ltValue(1)), 0.999),
  epsilon: optional('Keeps Adam from dividing by zero.', positive, 1e-8),
  weightDecay: optional(
    'L2 coefficient on weight-norm gains and coupling scales (paper: 5e-5).',
    nonNegative,
    5e-5,
  ),
  clipNorm: optional('Largest global norm of the gradient.', positive, 100),
  flips: optional('Random horizontal flips of training images.', v.boolean(), false),
  ema: optional(
    'Decay of the moving average of the weights used for validation; 0 turns it off.',
    v.pipe(fraction, v.ltValue(1)),
    0,
  ),
  validateEvery: optional('Steps between validations.', positiveInteger, 100),
  patience: optional(
    'Stop after this many validations without improvement; 0 never stops early.',
    nonNegativeInteger,
    0,
  ),
  checkpointEvery: optional('Steps between checkpoints.', positiveInteger, 500),
  keepCheckpoints: optional(
    'Periodic checkpoints to keep, besides the best and the last.',
    positiveInteger,
    10,
  ),
  sampleEvery: optional('Steps between sample pictures.', positiveInteger, 500),
});
