/** The model section of the config for rows of numbers. */
import * as v from 'valibot';
import { baseSchema } from './bases';
import { mixingLayers, reflectionCount } from './mixing-layers';
import {
  conventionFields,
  flowNorm,
  outputLayout,
  outputOrder,
  polarity,
  transformWords,
} from './convention-fields';
import { netConfig, transformConfig } from './layer-parts';
import {
  activation,
  describe,
  layerWidth,
  nonNegativeInteger,
  positive,
  positiveInteger,
  slope,
} from './fields';
import { transformNames } from './transforms';

const bit = v.picklist([0, 1]);

/** Features of a vector flow. */
export const mostFeatures = 4096;
/** Layers of a chain that is written out, for images too. */
export const mostLayers = 2000;

const conditioning = v.picklist(['masked', 'selected']);

/** What a layer of a list has for itself; what is absent is as the model says it. */
const mappingParts = {
  transform: v.optional(v.pipe(transformConfig, describe('The map of each element, for this layer alone.'))),
  net: v.optional(v.pipe(netConfig, describe('The network of this layer alone.'))),
  nets: v.optional(
    v.pipe(
      v.picklist(['joint', 'separate']),
      describe('One network, or one for each thing that the transform takes.'),
    ),
  ),
  outputOrder: v.optional(v.pipe(outputOrder, describe('As `outputOrder` of the model.'))),
  outputLayout: v.optional(v.pipe(outputLayout, describe('As `outputLayout` of the model.'))),
};

/** A flow written out, for chains that `couplings`, `mask` and `permutation` cannot say. */
const vectorLayer = v.variant('kind', [
  v.strictObject({
    kind: v.pipe(v.literal('coupling'), describe('A coupling: features in two parts.')),
    mask: v.pipe(
      v.array(bit),
      describe('One entry per feature: 1 passes through (identity), 0 is transformed.'),
    ),
    scaleClamp: v.optional(
      v.pipe(positive, describe('Bound of arctan in this coupling; the one of the model if absent.')),
    ),
    conditioning: v.optional(
      v.pipe(
        conditioning,
        describe('What its network sees, as `conditioning` of the model, which holds if absent.'),
      ),
    ),
    ...mappingParts,
    shiftNet: v.optional(
      v.pipe(
        netConfig,
        describe('The network of t of this coupling, where `nets` is separate and it is another one.'),
      ),
    ),
  }),
  v.strictObject({
    kind: v.pipe(
      v.literal('batchNorm'),
      describe('Batch normalization of all features, with learned gain softplus(·) + ε and bias (nflows).'),
    ),
  }),
  v.strictObject({
    kind: v.pipe(
      v.literal('actNorm'),
      describe('Learned shift and scale of each feature: (x − shift)·e^(−logScale) (normflows).'),
    ),
  }),
  v.strictObject({
    kind: v.pipe(v.literal('permute'), describe('Fixed order of the features.')),
    order: v.pipe(v.array(nonNegativeInteger), describe('Entry i is the feature that moves to position i.')),
  }),
  v.strictObject({
    kind: v.pipe(
      v.literal('autoregressive'),
      describe('Each feature is mapped given those before it (MAF; with `sees` output IAF).'),
    ),
    order: v.pipe(
      v.array(nonNegativeInteger),
      describe(
        'Entry i is the place of feature i, from 0. Features that share a place do not depend on each other.',
      ),
    ),
    sees: v.optional(
      v.pipe(
        v.picklist(['input', 'output']),
        describe(
          'What the network sees: input, so that scoring takes one pass and sampling one for each feature; output, the other way round.',
        ),
      ),
      'input',
    ),
    ...mappingParts,
  }),
  ...mixingLayers,
]);

export const vectorModelSchema = v.strictObject({
  kind: v.pipe(v.literal('vector'), describe('Rows of numbers.')),
  dim: v.pipe(positiveInteger, v.maxValue(mostFeatures), describe('Number of features D.')),
  layer: v.optional(
    v.pipe(
      v.picklist(['coupling', 'autoregressive']),
      describe(
        'coupling: features in two parts, fast in both directions (RealNVP); autoregressive: each feature given those before it, ' +
          'as many passes as features to sample (MAF).',
      ),
    ),
    'coupling',
  ),
  sees: v.optional(
    v.pipe(
      v.picklist(['input', 'output']),
      describe(
        'Of autoregressive layers, what the network sees: input, so that scoring and training take one pass (MAF); output, so that ' +
          'sampling takes one pass, and scoring and training one for each feature (IAF).',
      ),
    ),
    'input',
  ),
  couplings: v.optional(
    v.pipe(positiveInteger, v.maxValue(1000), describe('Number of couplings or autoregressive layers.')),
    8,
  ),
  net: v.optional(
    v.pipe(
      v.picklist(['mlp', 'residual', 'dense']),
      describe(
        'Conditioner: a plain MLP; pre-activation residual blocks of two linear layers (nflows); or dense, an MLP whose layers add ' +
          'what they take (denseSkips) and are normalized (denseNorm) after their activation (BayesFlow).',
      ),
    ),
    'mlp',
  ),
  hidden: v.optional(
    v.pipe(
      v.array(layerWidth),
      v.minLength(1),
      v.maxLength(64),
      describe('Widths of the hidden layers of each conditioner; a residual net uses only the first.'),
    ),
    () => [64, 64],
  ),
  blocks: v.optional(v.pipe(nonNegativeInteger, v.maxValue(64), describe('Blocks of a residual net.')), 2),
  denseSkips: v.optional(
    v.pipe(v.boolean(), describe('Whether each layer of a dense net adds what it takes.')),
    true,
  ),
  denseNorm: v.optional(
    v.pipe(
      v.picklist(['none', 'batch', 'layer', 'rms', 'standardized']),
      describe(
        'What normalizes after each layer of a dense net: the batch, or each example over its features, with its mean (layer) or ' +
          'by the root of its mean square alone (rms), or without anything learned (standardized, zuko).',
      ),
    ),
    'none',
  ),
  netNorm: v.optional(
    v.pipe(v.boolean(), describe('Batch normalization inside the blocks of a residual net.')),
    false,
  ),
  nets: v.optional(
    v.pipe(
      v.picklist(['joint', 'separate']),
      describe('One conditioner for all that the transform takes (s and t), or one for each.'),
    ),
    'joint',
  ),
  conditioning: v.optional(
    v.pipe(
      conditioning,
      describe(
        'masked: conditioners read and return all features, zeroed by the mask; selected: they read only the identity features ' +
          'and return only the transformed ones.',
      ),
    ),
    'masked',
  ),
  activation: v.optional(v.pipe(activation, describe('Nonlinearity of the conditioner.')), 'relu'),
  shiftActivation: v.optional(
    v.pipe(
      activation,
      describe('Nonlinearity of the network of t where nets is separate; as activation when absent.'),
    ),
  ),
  slope,
  mask: v.optional(
    v.pipe(
      v.picklist(['alternate', 'halves', 'random']),
      describe(
        'alternate: even and odd features alternate; halves: first and second half; random: drawn from maskSeed.',
      ),
    ),
    'alternate',
  ),
  maskSeed: v.optional(v.pipe(nonNegativeInteger, describe('Seed of the random masks.')), 0),
  polarity: v.optional(
    v.pipe(
      polarity,
      describe(
        'Whether the first coupling passes the first feature through (first-conditions) or transforms it (first-moves).',
      ),
    ),
    'first-conditions',
  ),
  permutation: v.optional(
    v.pipe(
      v.picklist(['none', 'reverse', 'random']),
      describe('Fixed permutation of the features between couplings.'),
    ),
    'none',
  ),
  permutationSeed: v.optional(v.pipe(nonNegativeInteger, describe('Seed of the random permutations.')), 0),
  between: v.optional(
    v.pipe(
      v.picklist(['none', 'batchNorm', 'actNorm', 'lu', 'plu', 'qr', 'svd', 'householder', 'orthogonal']),
      describe(
        'A layer after each coupling, over all features. Learned mixings: lu, plu, qr, svd; learned rotations: householder, orthogonal.',
      ),
    ),
    'none',
  ),
  reflections: v.optional(
    v.pipe(
      reflectionCount,
      describe(
        'Householder reflections of a layer between, where it has any; an even number starts as the identity.',
      ),
    ),
    4,
  ),
  context: v.optional(
    v.pipe(
      nonNegativeInteger,
      v.maxValue(mostFeatures),
      describe('Numbers of the context that comes with each example; the flow is a density given them.'),
    ),
    0,
  ),
  madeMasks: v.optional(
    v.pipe(
      v.picklist(['degrees', 'stored']),
      describe(
        'Masks of autoregressive networks: by degrees of hidden units that take turns, or as the checkpoint has them (random masks of nflows).',
      ),
    ),
    'degrees',
  ),
  contextNorm: v.optional(
    v.pipe(
      v.boolean(),
      describe('Whether the context is standardized by statistics that are stored with the flow (sbi).'),
    ),
    false,
  ),
  contextNet: v.optional(
    v.pipe(
      v.array(layerWidth),
      v.maxLength(64),
      describe(
        'Widths of the layers of a network over the context, whose output the conditioners see; none: they see the context itself.',
      ),
    ),
    () => [],
  ),
  contextActivation: v.optional(
    v.pipe(activation, describe('Nonlinearity of the network over the context; as activation when absent.')),
  ),
  contextOutput: v.optional(
    v.pipe(
      v.picklist(['linear', 'activated']),
      describe(
        'What conditioners see of the network over the context: the sums of its last layer, or their activation (FCEmbedding of sbi).',
      ),
    ),
    'linear',
  ),
  contextEntry: v.optional(
    v.pipe(
      v.picklist(['input', 'activated']),
      describe(
        'How the context enters a conditioner: behind the features, as more of its input; or through a linear layer of its own, ' +
          'whose activation is added to the first layer (MADE of nflows).',
      ),
    ),
    'input',
  ),
  contextInBlocks: v.optional(
    v.pipe(
      v.picklist(['none', 'gate', 'add']),
      describe(
        'Residual nets: what the context does in each block besides. gate: scales what it adds, by a sigmoid; add: is added inside, ' +
          'through a linear layer (nflows has both).',
      ),
    ),
    'none',
  ),
  contextFirst: v.optional(
    v.pipe(
      v.boolean(),
      describe(
        'Autoregressive layers: some hidden units depend on the context alone, so that the first feature depends on it too (zuko).',
      ),
    ),
    true,
  ),
  layers: v.optional(
    v.pipe(
      v.array(vectorLayer),
      v.minLength(1),
      v.maxLength(mostLayers),
      describe(
        'The whole chain from data to latent, layer by layer. If given, layer, sees, couplings, mask, polarity, permutation and between are not used.',
      ),
    ),
  ),
  ...conventionFields,
  transform: v.optional(
    v.pipe(v.union([v.picklist(transformNames), transformConfig]), describe(transformWords)),
    'affine',
  ),
  scaleMean: v.optional(
    v.pipe(
      v.picklist(['kept', 'removed']),
      describe(
        'removed: the mean of s over the features that a coupling moves is subtracted from s, so that volumes stay (GIN of FrEIA).',
      ),
    ),
    'kept',
  ),
  flowNorm: v.optional(flowNorm, false),
  base: v.optional(v.pipe(baseSchema, describe('Base distribution: that of the latents.')), () => ({
    kind: 'normal' as const,
  })),
});
