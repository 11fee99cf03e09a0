/**
 * The one JSON config of a run: which data, which flow, how to train it. It is what a user writes, what a run folder
 * keeps and what a checkpoint carries, so that a flow can be rebuilt from its file alone.
 */
import * as v from 'valibot';
import { dataSchema } from './data-section';
import {
  choice,
  countTo,
  flag,
  fraction,
  nonNegative,
  nonNegativeInteger,
  optional,
  positive,
  positiveInteger,
} from './fields';
import { imageModelSchema } from './image-model';
import { functionTarget, targetNames } from './targets';
import { vectorModelSchema } from './vector-model';

/** The training section of the config: optimizer, schedule, and what is written when. */
export const trainingSchema = v.strictObject({
  seed: optional('Seeds initial weights, order of the examples, noise and flips.', nonNegativeInteger, 0),
  steps: optional('Optimizer steps.', positiveInteger, 2000),
  maxSeconds: optional('Stop after this many seconds of training.', positive),
  batch: optional('Examples per step.', countTo(65536), 64),
  learningRate: optional('Step size of Adam after warm-up.', positive, 1e-3),
  schedule: choice('Decay of the learning rate after warm-up.', ['constant', 'cosine', 'exponential']),
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
  flips: flag('Random horizontal flips of training images.'),
  ema: optional(
    'Decay of the moving average of the weights used for validation; 0 turns it off.',
    v.pipe(fraction, v.ltValue(1)),
    0,
  ),
  pairs: choice(
    'Vector fields: which noise each example is joined with. random: any; nearest: that for which the squared distances of ' +
      'a batch are least in all; reflow: the noise that the flow which the training starts from makes the example of.',
    ['random', 'nearest', 'reflow'],
  ),
  objective: optional(
    'What is made smaller. likelihood: −log p of the data; a vector field is trained by flow matching all the same. reverseKl: the ' +
      'KL divergence of the flow from training.target, by draws of the flow; there is no data section then. mixed: half of both. By default, likelihood.',
    v.picklist(['likelihood', 'reverseKl', 'mixed']),
  ),
  target: optional(
    'The density that reverseKl and mixed train on: a built-in one, FILE.js:FUNCTION in operations of TensorFlow.js, or with PyTorch FILE.py:FUNCTION, of torch tensors.',
    v.union([
      v.picklist(targetNames),
      v.pipe(v.string(), v.regex(functionTarget, 'FILE.js:FUNCTION, FILE.py:FUNCTION')),
    ]),
  ),
  targetScale: optional(
    'Standard deviation of each feature in draws of the untrained flow. By default 1, or what the built-in target needs.',
    positive,
  ),
  precision: optional(
    'float16: products and convolutions of networks are computed so in training, on a GPU that can (backend webgpu); log-dets, ' +
      'sums and validation stay float32. Without it, all is float32.',
    v.picklist(['float16']),
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

export const modelSchema = v.variant('kind', [vectorModelSchema, imageModelSchema]);

const schemaField = optional('Where an editor finds the schema of this file.', v.string());

export const runConfigSchema = v.strictObject({
  $schema: schemaField,
  data: dataSchema,
  model: modelSchema,
  training: v.optional(trainingSchema, {}),
});

/** What a checkpoint says of its flow: a run's config, without data where these are not known (imported files). */
export const storedConfigSchema = v.strictObject({
  $schema: schemaField,
  data: v.optional(dataSchema),
  model: modelSchema,
  training: v.optional(trainingSchema, {}),
});

export type VectorModelConfig = v.InferOutput<typeof vectorModelSchema>;
export type ImageModelConfig = v.InferOutput<typeof imageModelSchema>;
export type ModelConfig = v.InferOutput<typeof modelSchema>;
/** A model with defaults left out. */
export type ModelInput = v.InferInput<typeof modelSchema>;
export type VectorInput = Extract<ModelInput, { kind: 'vector' }>;
export type ImageInput = Extract<ModelInput, { kind: 'image' }>;
export type DataConfig = v.InferOutput<typeof dataSchema>;
export type TrainingConfig = v.InferOutput<typeof trainingSchema>;
export type RunConfig = v.InferOutput<typeof runConfigSchema>;
export type StoredConfig = v.InferOutput<typeof storedConfigSchema>;
/** What a user may write: fields with defaults may be left out. */
export type RunConfigInput = v.InferInput<typeof runConfigSchema>;

export type DataConstraint = ImageModelConfig['dataConstraint'];
/** Constraints with a logit. */
export type LogitConstraint = 'symmetric' | 'as-printed';

export function hasLogit(constraint: DataConstraint): constraint is LogitConstraint {
  return constraint === 'symmetric' || constraint === 'as-printed';
}
