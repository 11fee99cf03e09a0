/** Transforms and networks of single layers, each with its settings. */
import * as v from 'valibot';
import { blockStart, conventionFields, splineInterval, splineMap } from './convention-fields';
import {
  activation,
  choice,
  countTo,
  finite,
  flag,
  kind,
  layerWidth,
  nonNegative,
  nonNegativeInteger,
  optional,
  positive,
  share,
  slope,
  widths,
} from './fields';

const { bins, scaleMap, scaleEpsilon, scaleClamp } = conventionFields;

const direction = choice('forward: it maps data to latent; inverse: latent to data.', ['forward', 'inverse']);

/** Limits of sums of squares. */
export const mostDegree = 32;
export const mostPolynomials = 64;

const spread = optional(
  'How far apart the parts start, which would stay alike if they started alike. zuko has 0.',
  nonNegative,
  1,
);

export const transformConfig = v.variant('kind', [
  kind('affine', 'A scale and a shift.', {
    form: conventionFields.affine,
    ...{ scaleMap, scaleEpsilon, scaleClamp },
    scaleMean: choice(
      'The mean of s that is subtracted from s, so that volumes stay: over the transformed features (removed), over the channels ' +
        'of each pixel, or over the image.',
      ['kept', 'removed', 'pixel', 'image'],
    ),
  }),
  kind('additive', 'x + t (NICE).'),
  kind('rationalQuadratic', 'A monotone spline (neural spline flows).', {
    bins,
    bound: optional('The spline maps center ± bound to itself.', positive, 5),
    center: optional('Middle of its interval.', finite, 0),
    ends: conventionFields.splineEnds,
    direction,
    map: optional(
      'How the output of the network becomes bins and slopes, as `splineMap` of the model.',
      splineMap,
      'softmax-floor',
    ),
    floor: optional('Least share of the interval of a bin, and least slope (softmax-floor).', share, 1e-3),
    slope: optional('Least slope (all but softmax-floor).', share, 1e-3),
  }),
  kind('intervalSpline', 'A rational-quadratic spline whose interval the network gives too (BayesFlow).', {
    bins,
    interval: v.optional(splineInterval, {}),
  }),
  kind('bernstein', 'A monotone Bernstein polynomial (BPF of zuko).', {
    degree: optional(
      'As zuko counts it: one less than the values that the network gives for each feature.',
      countTo(100),
      16,
    ),
    bound: optional('It maps −bound to bound to itself; outside nothing changes.', positive, 5),
    direction,
  }),
  kind('sumOfSquares', 'The integral of a sum of squares of polynomials (SOSPF of zuko).', {
    degree: optional('Degree of each polynomial.', countTo(mostDegree), 4),
    polynomials: optional('How many are squared.', countTo(mostPolynomials), 3),
    bound: optional('The polynomials are of x / bound.', positive, 10),
    slope: optional('Least slope.', v.pipe(positive, v.minValue(1e-9)), 1e-3),
    spread,
    clip: optional(
      'At last y becomes y / (1 + |y / clip|), so that |y| stays below it, as zuko has it between layers (11).',
      positive,
    ),
    direction,
  }),
  kind(
    'gaussianization',
    'The distribution function of a mixture of normals, then the inverse one of N(0, 1) (GF of zuko).',
    {
      components: optional('How many normals the mixture has.', countTo(256), 8),
      spread,
      shrinkage: optional(
        'How much nearer to 1/2 probabilities are brought; 0 keeps all of the line. zuko has 1e-6, with which |y| < 4.9.',
        v.pipe(v.number(), v.minValue(0), v.maxValue(0.1)),
        0,
      ),
      direction,
    },
  ),
]);

export const contextEntry = choice(
  'How the context enters a conditioner: behind the features, as more of its input; or through a linear layer of its own, ' +
    'whose activation is added to the first layer (MADE of nflows).',
  ['input', 'activated'],
);
export const contextInBlocks = choice(
  'Residual nets: what the context does in each block besides. gate: scales what it adds, by a sigmoid; add: is added inside, ' +
    'through a linear layer (nflows has both).',
  ['none', 'gate', 'add'],
);
export const denseNorm = choice(
  'What normalizes after each layer of a dense net: the batch, or each example over its features, with its mean (layer) or ' +
    'by the root of its mean square alone (rms), or without anything learned (standardized, zuko).',
  ['none', 'batch', 'layer', 'rms', 'standardized'],
);
const active = optional('Its nonlinearity.', activation, 'relu');
const hidden = optional('Widths of its hidden layers.', widths, () => [64, 64]);

export const netConfig = v.variant('kind', [
  kind('mlp', 'A plain MLP.', { hidden, activation: active, slope, contextEntry }),
  kind('residual', 'Pre-activation residual blocks of two linear layers (nflows).', {
    width: optional('Width of all of its layers.', layerWidth, 64),
    blocks: optional('Number of blocks.', v.pipe(nonNegativeInteger, v.maxValue(64)), 2),
    blockStart,
    batchNorm: flag('Batch normalization inside the blocks.'),
    activation: active,
    slope,
    contextEntry,
    contextInBlocks,
  }),
  kind(
    'dense',
    'An MLP whose layers add what they take and are normalized after their activation (BayesFlow).',
    {
      hidden,
      skips: flag('Whether each layer adds what it takes.', true),
      norm: denseNorm,
      activation: active,
      slope,
    },
  ),
]);

export type TransformConfig = v.InferOutput<typeof transformConfig>;
export type NetConfig = v.InferOutput<typeof netConfig>;
