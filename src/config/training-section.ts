/** The training section of the config: optimizer, schedule, and what is written when. */
import * as v from 'valibot';
import { describe, fraction, nonNegative, nonNegativeInteger, positive, positiveInteger } from './fields';

export const trainingSchema = v.strictObject({
  seed: v.optional(
    v.pipe(nonNegativeInteger, describe('Seeds initial weights, order of the examples, noise and flips.')),
    0,
  ),
  steps: v.optional(v.pipe(positiveInteger, describe('Optimizer steps.')), 2000),
  maxSeconds: v.optional(v.pipe(positive, describe('Stop after this many seconds of training.'))),
  batch: v.optional(v.pipe(positiveInteger, v.maxValue(65536), describe('Examples per step.')), 64),
  learningRate: v.optional(v.pipe(positive, describe('Step size of Adam after warm-up.')), 1e-3),
  schedule: v.optional(
    v.pipe(
      v.picklist(['constant', 'cosine', 'exponential']),
      describe('Decay of the learning rate after warm-up.'),
    ),
    'constant',
  ),
  warmupSteps: v.optional(
    v.pipe(nonNegativeInteger, describe('Steps over which the learning rate rises from 0.')),
    0,
  ),
  finalLearningRate: v.optional(v.pipe(nonNegative, describe('Learning rate at the end of the decay.')), 0),
  beta1: v.optional(v.pipe(fraction, v.ltValue(1), describe('Decay of the mean of gradients in Adam.')), 0.9),
  beta2: v.optional(
    v.pipe(fraction, v.ltValue(1), describe('Decay of the mean of squared gradients in Adam.')),
    0.999,
  ),
  epsilon: v.optional(v.pipe(positive, describe('Keeps Adam from dividing by zero.')), 1e-8),
  weightDecay: v.optional(
    v.pipe(nonNegative, describe('L2 coefficient on weight-norm gains and coupling scales (paper: 5e-5).')),
    5e-5,
  ),
  clipNorm: v.optional(v.pipe(positive, describe('Largest global norm of the gradient.')), 100),
  flips: v.optional(v.pipe(v.boolean(), describe('Random horizontal flips of training images.')), false),
  ema: v.optional(
    v.pipe(
      fraction,
      v.ltValue(1),
      describe('Decay of the moving average of the weights used for validation; 0 turns it off.'),
    ),
    0,
  ),
  validateEvery: v.optional(v.pipe(positiveInteger, describe('Steps between validations.')), 100),
  patience: v.optional(
    v.pipe(
      nonNegativeInteger,
      describe('Stop after this many validations without improvement; 0 never stops early.'),
    ),
    0,
  ),
  checkpointEvery: v.optional(v.pipe(positiveInteger, describe('Steps between checkpoints.')), 500),
  keepCheckpoints: v.optional(
    v.pipe(positiveInteger, describe('Periodic checkpoints to keep, besides the best and the last.')),
    10,
  ),
  sampleEvery: v.optional(v.pipe(positiveInteger, describe('Steps between sample pictures.')), 500),
});
