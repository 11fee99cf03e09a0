/**
 * The one JSON config of a run: which data, which flow, how to train. It is what a user writes, what a run folder
 * keeps and what a checkpoint carries, so that a flow can be rebuilt from its file alone.
 */
import * as v from 'valibot';

const positiveInteger = v.pipe(v.number(), v.integer(), v.minValue(1));
const nonNegativeInteger = v.pipe(v.number(), v.integer(), v.minValue(0));
const nonNegative = v.pipe(v.number(), v.finite(), v.minValue(0));
const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const describe = v.description;

/** Affine map of a coupling; which one is which implementation's is in docs/decisions.md. */
const affineForm = v.picklist(['scale-then-shift', 'shift-then-scale']);
const polarity = v.picklist(['first-conditions', 'first-moves']);

const vectorModelSchema = v.strictObject({
  kind: v.pipe(v.literal('vector'), describe('Rows of numbers.')),
  dim: v.pipe(positiveInteger, v.maxValue(4096), describe('Number of features D.')),
  couplings: v.optional(
    v.pipe(positiveInteger, v.maxValue(1000), describe('Number of affine couplings.')),
    8,
  ),
  hidden: v.optional(
    v.pipe(
      v.array(positiveInteger),
      v.minLength(1),
      describe('Widths of the hidden layers of each conditioner MLP.'),
    ),
    () => [64, 64],
  ),
  activation: v.optional(
    v.pipe(v.picklist(['relu', 'tanh', 'leaky-relu']), describe('Nonlinearity of the MLP.')),
    'relu',
  ),
  mask: v.optional(
    v.pipe(
      v.picklist(['alternate', 'halves', 'random']),
      describe(
        'alternate: even and odd features in turn; halves: first and second half; random: drawn from maskSeed.',
      ),
    ),
    'alternate',
  ),
  maskSeed: v.optional(v.pipe(nonNegativeInteger, describe('Draws the random masks.')), 0),
  polarity: v.optional(
    v.pipe(polarity, describe('Whether feature 0 conditions or moves in the first coupling.')),
    'first-conditions',
  ),
  permutation: v.optional(
    v.pipe(
      v.picklist(['none', 'reverse', 'random']),
      describe('Fixed permutation of the features between couplings.'),
    ),
    'none',
  ),
  permutationSeed: v.optional(v.pipe(nonNegativeInteger, describe('Draws the random permutations.')), 0),
  flowNorm: v.optional(
    v.pipe(
      v.boolean(),
      describe('Batch normalization of each coupling output, part of the flow (paper, section 3.7).'),
    ),
    false,
  ),
  affine: v.optional(v.pipe(affineForm, describe('x·eˢ + t, or (x + t)·eˢ.')), 'scale-then-shift'),
});

const imageModelSchema = v.strictObject({
  kind: v.pipe(v.literal('image'), describe('Images of discrete pixels.')),
  height: v.pipe(positiveInteger, v.maxValue(1024), describe('Pixels, before padding.')),
  width: v.pipe(positiveInteger, v.maxValue(1024), describe('Pixels, before padding.')),
  channels: v.optional(v.pipe(positiveInteger, v.maxValue(16), describe('1 for gray, 3 for color.')), 1),
  levels: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(2),
      v.maxValue(65536),
      describe('Discrete values of a pixel: 0 … levels − 1.'),
    ),
    256,
  ),
  pad: v.optional(
    v.pipe(nonNegativeInteger, describe('Pixels of zeros added at each edge, for example 2 for 28 → 32.')),
    0,
  ),
  scales: v.optional(
    v.pipe(positiveInteger, v.maxValue(8), describe('Scales of the multi-scale architecture.')),
    2,
  ),
  base: v.optional(
    v.pipe(
      positiveInteger,
      describe(
        'Feature maps of the conditioners in the first checkerboard couplings; doubled at each scale.',
      ),
    ),
    32,
  ),
  blocks: v.optional(
    v.pipe(nonNegativeInteger, v.maxValue(64), describe('Residual blocks of each conditioner.')),
    2,
  ),
  dataRange: v.optional(
    v.pipe(
      v.number(),
      v.gtValue(0),
      v.ltValue(1),
      describe(
        'Pixels are squeezed to this share of (0, 1) around ½ before the logit: α of the paper is (1 − dataRange) / 2.',
      ),
    ),
    0.9,
  ),
  polarity: v.optional(
    v.pipe(
      polarity,
      describe(
        'Whether pixel (0, 0) (checkerboard) and the first half of the channels condition or move first.',
      ),
    ),
    'first-conditions',
  ),
  maskChannel: v.optional(
    v.pipe(v.boolean(), describe('Show the mask to checkerboard conditioners as one more channel.')),
    true,
  ),
  netNorm: v.optional(v.pipe(v.boolean(), describe('Batch normalization inside the conditioners.')), true),
  flowNorm: v.optional(
    v.pipe(
      v.boolean(),
      describe('Batch normalization of each coupling output, part of the flow (paper, section 3.7).'),
    ),
    true,
  ),
  normDecay: v.optional(
    v.pipe(fraction, describe('Share of the new batch in the running statistics of batch normalization.')),
    0.1,
  ),
  squeeze: v.optional(
    v.pipe(
      v.picklist(['channel-major', 'subpixel-major']),
      describe('Channel order of the 2×2 squeeze before channel-wise couplings.'),
    ),
    'channel-major',
  ),
  affine: v.optional(v.pipe(affineForm, describe('x·eˢ + t, or (x + t)·eˢ.')), 'scale-then-shift'),
});

export const modelSchema = v.variant('kind', [vectorModelSchema, imageModelSchema]);

export const dataSchema = v.strictObject({
  source: v.pipe(
    v.string(),
    v.minLength(1),
    describe(
      'A built-in name (moons, circles, spirals, pinwheel, checkerboard, gaussians, digits) or a path, relative to the config file.',
    ),
  ),
  format: v.optional(
    v.pipe(v.picklist(['auto', 'builtin', 'csv', 'tsv', 'idx']), describe('How to read a path.')),
    'auto',
  ),
  count: v.optional(v.pipe(positiveInteger, describe('Points to draw from a built-in 2-D set.'))),
  noise: v.optional(v.pipe(nonNegative, describe('Standard deviation of the noise of a built-in 2-D set.'))),
  columns: v.optional(
    v.pipe(
      v.array(v.union([v.string(), nonNegativeInteger])),
      describe('Columns of a table to use: names or zero-based numbers.'),
    ),
  ),
  labelColumn: v.optional(
    v.pipe(
      v.union([v.string(), nonNegativeInteger]),
      describe('Column with a class, shown but not modelled.'),
    ),
  ),
  header: v.optional(
    v.pipe(
      v.union([v.boolean(), v.literal('auto')]),
      describe('Whether the first row of a table holds names.'),
    ),
    'auto',
  ),
  standardize: v.optional(
    v.pipe(
      v.boolean(),
      describe('Vectors: subtract the mean and divide by the deviation of the training rows.'),
    ),
    true,
  ),
  limit: v.optional(v.pipe(positiveInteger, describe('Use only so many examples.'))),
  validation: v.optional(
    v.pipe(
      v.union([fraction, positiveInteger]),
      describe('Held-out examples: a fraction below 1, or a count.'),
    ),
    0.2,
  ),
  splitSeed: v.optional(
    v.pipe(
      nonNegativeInteger,
      describe('Decides which examples are held out, and draws a built-in 2-D set.'),
    ),
    0,
  ),
});

const trainingSchema = v.strictObject({
  seed: v.optional(
    v.pipe(nonNegativeInteger, describe('Seeds initial weights, order of the examples, noise and flips.')),
    0,
  ),
  steps: v.optional(v.pipe(positiveInteger, describe('Optimizer steps.')), 2000),
  maxSeconds: v.optional(v.pipe(positive, describe('Stop after so many seconds of training.'))),
  batch: v.optional(v.pipe(positiveInteger, v.maxValue(65536), describe('Examples of each step.')), 64),
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
  finalLearningRate: v.optional(v.pipe(nonNegative, describe('Where the decay ends.')), 0),
  beta1: v.optional(v.pipe(fraction, v.ltValue(1), describe('Decay of the mean of gradients in Adam.')), 0.9),
  beta2: v.optional(
    v.pipe(fraction, v.ltValue(1), describe('Decay of the mean of squared gradients in Adam.')),
    0.999,
  ),
  epsilon: v.optional(v.pipe(positive, describe('Keeps Adam from dividing by zero.')), 1e-8),
  weightDecay: v.optional(
    v.pipe(nonNegative, describe('L2 coefficient on weight-norm lengths and coupling scales (paper: 5e-5).')),
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
      describe('Validations without a better one before stopping; 0 never stops early.'),
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

export const runConfigSchema = v.strictObject({
  $schema: v.optional(v.pipe(v.string(), describe('Where an editor finds the schema of this file.'))),
  data: dataSchema,
  model: modelSchema,
  training: v.optional(trainingSchema, {}),
});

export type VectorModelConfig = v.InferOutput<typeof vectorModelSchema>;
export type ImageModelConfig = v.InferOutput<typeof imageModelSchema>;
export type ModelConfig = v.InferOutput<typeof modelSchema>;
export type DataConfig = v.InferOutput<typeof dataSchema>;
export type TrainingConfig = v.InferOutput<typeof trainingSchema>;
export type RunConfig = v.InferOutput<typeof runConfigSchema>;
/** What a user may write: fields with defaults may be left out. */
export type RunConfigInput = v.InferInput<typeof runConfigSchema>;
