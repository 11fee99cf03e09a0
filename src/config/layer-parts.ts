/** Transforms and networks of single layers, each with its settings. */
import * as v from 'valibot';
import {
  affineForm,
  conventionFields,
  scaleMap,
  splineEnds,
  splineInterval,
  splineMap,
} from './convention-fields';
import {
  activation,
  describe,
  layerWidth,
  nonNegative,
  nonNegativeInteger,
  positive,
  positiveInteger,
  slope,
} from './fields';

const share = (usual: number, what: string) =>
  v.optional(v.pipe(v.number(), v.gtValue(0), v.ltValue(1), describe(what)), usual);

const bins = v.optional(
  v.pipe(positiveInteger, v.minValue(2), v.maxValue(256), describe('Number of bins.')),
  8,
);

const direction = v.optional(
  v.pipe(
    v.picklist(['forward', 'inverse']),
    describe('forward: it maps data to latent; inverse: latent to data.'),
  ),
  'forward',
);

/** Limits of sums of squares. */
export const mostDegree = 32;
export const mostPolynomials = 64;

const spread = v.optional(
  v.pipe(
    nonNegative,
    describe('How far apart the parts start, which would stay alike if they started alike. zuko has 0.'),
  ),
  1,
);

export const transformConfig = v.variant('kind', [
  v.strictObject({
    kind: v.pipe(v.literal('affine'), describe('A scale and a shift.')),
    form: v.optional(
      v.pipe(affineForm, describe('From data to latent, as `affine` of the model.')),
      'scale-then-shift',
    ),
    scaleMap: v.optional(
      v.pipe(scaleMap, describe('How the output of the network becomes s, as `scaleMap` of the model.')),
      'tanh-channel',
    ),
    scaleEpsilon: conventionFields.scaleEpsilon,
    scaleClamp: conventionFields.scaleClamp,
    scaleMean: v.optional(
      v.pipe(
        v.picklist(['kept', 'removed', 'pixel', 'image']),
        describe(
          'The mean of s that is subtracted from s, so that volumes stay: over the transformed features (removed), over the channels ' +
            'of each pixel, or over the image.',
        ),
      ),
      'kept',
    ),
  }),
  v.strictObject({ kind: v.pipe(v.literal('additive'), describe('x + t (NICE).')) }),
  v.strictObject({
    kind: v.pipe(v.literal('rationalQuadratic'), describe('A monotone spline (neural spline flows).')),
    bins,
    bound: v.optional(v.pipe(positive, describe('The spline maps center ± bound to itself.')), 5),
    center: v.optional(v.pipe(v.number(), v.finite(), describe('Middle of its interval.')), 0),
    ends: v.optional(
      v.pipe(splineEnds, describe('What it does at the ends of its interval, as `splineEnds` of the model.')),
      'linear',
    ),
    direction,
    map: v.optional(
      v.pipe(
        splineMap,
        describe('How the output of the network becomes bins and slopes, as `splineMap` of the model.'),
      ),
      'softmax-floor',
    ),
    floor: share(1e-3, 'Least share of the interval of a bin, and least slope (softmax-floor).'),
    slope: share(1e-3, 'Least slope (all but softmax-floor).'),
  }),
  v.strictObject({
    kind: v.pipe(
      v.literal('intervalSpline'),
      describe('A rational-quadratic spline whose interval the network gives too (BayesFlow).'),
    ),
    bins,
    interval: v.optional(splineInterval, {}),
  }),
  v.strictObject({
    kind: v.pipe(v.literal('bernstein'), describe('A monotone Bernstein polynomial (BPF of zuko).')),
    degree: v.optional(
      v.pipe(
        positiveInteger,
        v.maxValue(100),
        describe('As zuko counts it: one less than the values that the network gives for each feature.'),
      ),
      16,
    ),
    bound: v.optional(
      v.pipe(positive, describe('It maps −bound to bound to itself; outside nothing changes.')),
      5,
    ),
    direction,
  }),
  v.strictObject({
    kind: v.pipe(
      v.literal('sumOfSquares'),
      describe('The integral of a sum of squares of polynomials (SOSPF of zuko).'),
    ),
    degree: v.optional(
      v.pipe(positiveInteger, v.maxValue(mostDegree), describe('Degree of each polynomial.')),
      4,
    ),
    polynomials: v.optional(
      v.pipe(positiveInteger, v.maxValue(mostPolynomials), describe('How many are squared.')),
      3,
    ),
    bound: v.optional(v.pipe(positive, describe('The polynomials are of x / bound.')), 10),
    slope: v.optional(v.pipe(positive, v.minValue(1e-9), describe('Least slope.')), 1e-3),
    spread,
    clip: v.optional(
      v.pipe(
        positive,
        describe(
          'At last y becomes y / (1 + |y / clip|), so that |y| stays below it, as zuko has it between layers (11).',
        ),
      ),
    ),
    direction,
  }),
  v.strictObject({
    kind: v.pipe(
      v.literal('gaussianization'),
      describe(
        'The distribution function of a mixture of normals, then the inverse one of N(0, 1) (GF of zuko).',
      ),
    ),
    components: v.optional(
      v.pipe(positiveInteger, v.maxValue(256), describe('How many normals the mixture has.')),
      8,
    ),
    spread,
    shrinkage: v.optional(
      v.pipe(
        v.number(),
        v.minValue(0),
        v.maxValue(0.1),
        describe(
          'How much nearer to 1/2 probabilities are brought; 0 keeps all of the line. zuko has 1e-6, with which |y| < 4.9.',
        ),
      ),
      0,
    ),
    direction,
  }),
]);

const contextEntry = v.optional(
  v.pipe(
    v.picklist(['input', 'activated']),
    describe('How a context enters, as `contextEntry` of the model.'),
  ),
  'input',
);
const active = v.optional(v.pipe(activation, describe('Its nonlinearity.')), 'relu');
const hidden = v.optional(
  v.pipe(v.array(layerWidth), v.minLength(1), v.maxLength(64), describe('Widths of its hidden layers.')),
  () => [64, 64],
);

export const netConfig = v.variant('kind', [
  v.strictObject({
    kind: v.pipe(v.literal('mlp'), describe('A plain MLP.')),
    hidden,
    activation: active,
    slope,
    contextEntry,
  }),
  v.strictObject({
    kind: v.pipe(
      v.literal('residual'),
      describe('Pre-activation residual blocks of two linear layers (nflows).'),
    ),
    width: v.optional(v.pipe(layerWidth, describe('Width of all of its layers.')), 64),
    blocks: v.optional(v.pipe(nonNegativeInteger, v.maxValue(64), describe('Number of blocks.')), 2),
    batchNorm: v.optional(v.pipe(v.boolean(), describe('Batch normalization inside the blocks.')), false),
    activation: active,
    slope,
    contextEntry,
    contextInBlocks: v.optional(
      v.pipe(
        v.picklist(['none', 'gate', 'add']),
        describe('What a context does in each block, as `contextInBlocks` of the model.'),
      ),
      'none',
    ),
  }),
  v.strictObject({
    kind: v.pipe(
      v.literal('dense'),
      describe(
        'An MLP whose layers add what they take and are normalized after their activation (BayesFlow).',
      ),
    ),
    hidden,
    skips: v.optional(v.pipe(v.boolean(), describe('Whether each layer adds what it takes.')), true),
    norm: v.optional(
      v.pipe(
        v.picklist(['none', 'batch', 'layer', 'rms', 'standardized']),
        describe('What normalizes after each layer, as `denseNorm` of the model.'),
      ),
      'none',
    ),
    activation: active,
    slope,
  }),
]);

export type TransformConfig = v.InferOutput<typeof transformConfig>;
export type NetConfig = v.InferOutput<typeof netConfig>;
