/** The model section of the config for rows of numbers. */
import * as v from 'valibot';
import { baseSchema } from './bases';
import { fieldLayer } from './field-layer';
import { mixingLayers, reflectionCount } from './mixing-layers';
import {
  blockStart,
  conventionFields,
  flowNorm,
  nets,
  outputLayout,
  outputOrder,
  polarity,
  transformWords,
} from './convention-fields';
import { contextEntry, contextInBlocks, denseNorm, netConfig, transformConfig } from './layer-parts';
import {
  activation,
  choice,
  countTo,
  described,
  flag,
  kind,
  nonNegativeInteger,
  optional,
  positive,
  slope,
  widths,
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
  transform: optional('The map of each element, for this layer alone.', transformConfig),
  net: optional('The network of this layer alone.', netConfig),
  nets: optional(
    'One network, or one for each thing that the transform takes.',
    v.picklist(['joint', 'separate']),
  ),
  outputOrder: optional('As `outputOrder` of the model.', outputOrder),
  outputLayout: optional('As `outputLayout` of the model.', outputLayout),
};

/** A flow written out, for chains that `couplings`, `mask` and `permutation` cannot say. */
const vectorLayer = v.variant('kind', [
  kind('coupling', 'A coupling: features in two parts.', {
    mask: described('One entry per feature: 1 passes through (identity), 0 is transformed.', v.array(bit)),
    scaleClamp: optional('Bound of arctan in this coupling; the one of the model if absent.', positive),
    conditioning: optional(
      'What its network sees, as `conditioning` of the model, which holds if absent.',
      conditioning,
    ),
    ...mappingParts,
    shiftNet: optional(
      'The network of t of this coupling, where `nets` is separate and it is another one.',
      netConfig,
    ),
  }),
  kind(
    'batchNorm',
    'Batch normalization of all features, with learned gain softplus(·) + ε and bias (nflows).',
  ),
  kind('actNorm', 'Learned shift and scale of each feature: (x − shift)·e^(−logScale) (normflows).'),
  kind('permute', 'Fixed order of the features.', {
    order: described('Entry i is the feature that moves to position i.', v.array(nonNegativeInteger)),
  }),
  kind('autoregressive', 'Each feature is mapped given those before it (MAF; with `sees` output IAF).', {
    order: described(
      'Entry i is the place of feature i, from 0. Features that share a place do not depend on each other.',
      v.array(nonNegativeInteger),
    ),
    sees: choice(
      'What the network sees: input, so that scoring takes one pass and sampling one for each feature; output, the other way round.',
      ['input', 'output'],
    ),
    ...mappingParts,
  }),
  fieldLayer,
  ...mixingLayers,
]);

export const vectorModelSchema = kind('vector', 'Rows of numbers.', {
  dim: described('Number of features D.', countTo(mostFeatures)),
  layer: choice(
    'coupling: features in two parts, fast in both directions (RealNVP); autoregressive: each feature given those before it, ' +
      'as many passes as features to sample (MAF).',
    ['coupling', 'autoregressive'],
  ),
  sees: choice(
    'Of autoregressive layers, what the network sees: input, so that scoring and training take one pass (MAF); output, so that ' +
      'sampling takes one pass, and scoring and training one for each feature (IAF).',
    ['input', 'output'],
  ),
  couplings: optional('Number of couplings or autoregressive layers.', countTo(1000), 8),
  net: choice(
    'Conditioner: a plain MLP; pre-activation residual blocks of two linear layers (nflows); or dense, an MLP whose layers add ' +
      'what they take (denseSkips) and are normalized (denseNorm) after their activation (BayesFlow).',
    ['mlp', 'residual', 'dense'],
  ),
  hidden: optional(
    'Widths of the hidden layers of each conditioner; a residual net uses only the first, and an MLP may have none.',
    widths,
    () => [64, 64],
  ),
  blocks: optional('Blocks of a residual net.', v.pipe(nonNegativeInteger, v.maxValue(64)), 2),
  denseSkips: flag('Whether each layer of a dense net adds what it takes.', true),
  denseNorm,
  blockStart,
  netNorm: flag('Batch normalization inside the blocks of a residual net.'),
  nets,
  conditioning: optional(
    'masked: conditioners read and return all features, zeroed by the mask; selected: they read only the identity features ' +
      'and return only the transformed ones.',
    conditioning,
    'masked',
  ),
  activation: optional('Nonlinearity of the conditioner.', activation, 'relu'),
  shiftActivation: optional(
    'Nonlinearity of the network of t where nets is separate; as activation when absent.',
    activation,
  ),
  slope,
  mask: choice(
    'alternate: even and odd features alternate; halves: first and second half; random: drawn from maskSeed.',
    ['alternate', 'halves', 'random'],
  ),
  maskSeed: optional('Seed of the random masks.', nonNegativeInteger, 0),
  polarity: optional(
    'Whether the first coupling passes the first feature through (first-conditions) or transforms it (first-moves).',
    polarity,
    'first-conditions',
  ),
  permutation: choice('Fixed permutation of the features between couplings.', ['none', 'reverse', 'random']),
  permutationSeed: optional('Seed of the random permutations.', nonNegativeInteger, 0),
  between: choice(
    'A layer after each coupling, over all features. Learned mixings: lu, plu, qr, svd; learned rotations: householder, orthogonal.',
    ['none', 'batchNorm', 'actNorm', 'lu', 'plu', 'qr', 'svd', 'householder', 'orthogonal'],
  ),
  reflections: optional(
    'Householder reflections of a layer between, where it has any; an even number starts as the identity.',
    reflectionCount,
    4,
  ),
  context: optional(
    'Numbers of the context that comes with each example; the flow is a density given them.',
    v.pipe(nonNegativeInteger, v.maxValue(mostFeatures)),
    0,
  ),
  madeMasks: choice(
    'Masks of autoregressive networks: by degrees of hidden units that take turns, or as the checkpoint has them (random masks of nflows).',
    ['degrees', 'stored'],
  ),
  contextNorm: flag('Whether the context is standardized by statistics that are stored with the flow (sbi).'),
  contextNet: optional(
    'Widths of the layers of a network over the context, whose output the conditioners see; none: they see the context itself.',
    widths,
    () => [],
  ),
  contextActivation: optional(
    'Nonlinearity of the network over the context; as activation when absent.',
    activation,
  ),
  contextOutput: choice(
    'What conditioners see of the network over the context: the sums of its last layer, or their activation (FCEmbedding of sbi).',
    ['linear', 'activated'],
  ),
  contextEntry,
  contextInBlocks,
  contextFirst: flag(
    'Autoregressive layers: some hidden units depend on the context alone, so that the first feature depends on it too (zuko).',
    true,
  ),
  layers: optional(
    'The whole chain from data to latent, layer by layer. If given, layer, sees, couplings, mask, polarity, permutation and between are not used.',
    v.pipe(v.array(vectorLayer), v.minLength(1), v.maxLength(mostLayers)),
  ),
  ...conventionFields,
  transform: optional(transformWords, v.union([v.picklist(transformNames), transformConfig]), 'affine'),
  scaleMean: choice(
    'removed: the mean of s over the features that a coupling moves is subtracted from s, so that volumes stay (GIN of FrEIA).',
    ['kept', 'removed'],
  ),
  flowNorm: v.optional(flowNorm, false),
  base: optional('Base distribution: that of the latents.', baseSchema, () => ({ kind: 'normal' as const })),
});
