/**
 * The choices in which published implementations of RealNVP differ, as fields that vector and image models share.
 * The defaults are Flowscope's own; named sets are in conventions.ts. Which implementation does what is in
 * docs/importing.md.
 */
import * as v from 'valibot';
import { describe, positive, positiveInteger } from './fields';
import { transformNames } from './transforms';

/** Affine map of a coupling from data to latent. The last two are the inverses of the first two. */
export const affineForm = v.picklist([
  'scale-then-shift',
  'shift-then-scale',
  'inverse-scale-then-shift',
  'inverse-shift-then-scale',
]);

export const scaleMap = v.picklist([
  'tanh-channel',
  'tanh-scalar',
  'tanh-scalar-shift',
  'exp',
  'sigmoid',
  'softplus',
  'softplus-clamp',
  'soft-clip',
  'arctan',
  'softplus-asinh',
]);

export const outputOrder = v.picklist(['scale-shift', 'shift-scale']);

export const outputLayout = v.picklist(['halves', 'interleaved']);

export const splineEnds = v.picklist(['linear', 'box', 'circular', 'half-turn']);

export const splineMap = v.picklist(['softmax-floor', 'soft-clip', 'softmax-halves', 'softmax-slope']);

export const polarity = v.picklist(['first-conditions', 'first-moves']);

export const flowNorm = v.pipe(
  v.boolean(),
  describe('Batch normalization after each coupling, as part of the flow (paper, section 3.7).'),
);

const leastSize = (usual: number, what: string) =>
  v.optional(v.pipe(positive, v.maxValue(1e6), describe(what)), usual);
const edge = v.pipe(v.number(), v.minValue(-1e6), v.maxValue(1e6));

/** Interval of a spline that has its own; the defaults are BayesFlow's. */
export const splineInterval = v.strictObject({
  domain: v.optional(
    v.pipe(
      v.tuple([edge, edge, edge, edge]),
      describe('Left, right, bottom and top edge around which the conditioner gives them.'),
    ),
    () => [-3, 3, -3, 3] as [number, number, number, number],
  ),
  leastWidth: leastSize(1, 'Least width of the interval.'),
  leastHeight: leastSize(1, 'Least height of it.'),
  leastBinWidth: leastSize(0.1, 'Least width of a bin.'),
  leastBinHeight: leastSize(0.1, 'Least height of a bin.'),
});
export type SplineInterval = v.InferOutput<typeof splineInterval>;

export const transformWords =
  'Map of each transformed element: affine, a scale and a shift in the form that `affine` names; additive, x + t (NICE); ' +
  'rationalQuadratic, a monotone spline (neural spline flows). Settings of s count for affine alone. For rows of numbers also ' +
  'an object with a kind and its settings, as layers of `layers` may have: for example {"kind": "affine", "scaleMap": "exp"}. ' +
  'Then the fields here for scales and splines are not used.';

export const conventionFields = {
  transform: v.optional(v.pipe(v.picklist(transformNames), describe(transformWords)), 'affine'),
  affine: v.optional(
    v.pipe(
      affineForm,
      describe(
        'From data to latent: scale-then-shift is x·eˢ + t (paper), shift-then-scale (x + t)·eˢ, ' +
          'inverse-scale-then-shift (x − t)·e⁻ˢ, inverse-shift-then-scale x·e⁻ˢ − t.',
      ),
    ),
    'scale-then-shift',
  ),
  outputOrder: v.optional(
    v.pipe(outputOrder, describe('Which of s and t comes first in the output of a conditioner.')),
    'scale-shift',
  ),
  outputLayout: v.optional(
    v.pipe(
      outputLayout,
      describe('Whether s and t are the two halves of the output of a conditioner, or alternate in it.'),
    ),
    'halves',
  ),
  scaleMap: v.optional(
    v.pipe(
      scaleMap,
      describe(
        'How the output u of the conditioner becomes s: tanh-channel w·tanh u with a learned w per channel, ' +
          'tanh-scalar with one learned w, tanh-scalar-shift w·tanh u + c with learned w and c, exp s = u, ' +
          'sigmoid s = ln(sigmoid(u + 2) + scaleEpsilon), softplus s = ln(softplus u + scaleEpsilon), softplus-clamp the same of at most 3, ' +
          'soft-clip u / (1 + |u / ln scaleEpsilon|), arctan scaleClamp·0.636·arctan u, ' +
          'softplus-asinh ln softplus(asinh u + ln(e − 1)) (BayesFlow).',
      ),
    ),
    'tanh-channel',
  ),
  scaleEpsilon: v.optional(
    v.pipe(
      v.number(),
      v.minValue(0),
      v.ltValue(1),
      describe('Smallest scale of sigmoid, softplus and softplus-clamp; slope of soft-clip.'),
    ),
    1e-3,
  ),
  scaleClamp: v.optional(v.pipe(positive, describe('Bound of arctan.')), 2),
  bins: v.optional(v.pipe(positiveInteger, v.minValue(2), v.maxValue(256), describe('Bins of a spline.')), 8),
  splineBound: v.optional(
    v.pipe(
      positive,
      describe('A spline maps splineCenter ± splineBound to itself; splineEnds says what is outside.'),
    ),
    5,
  ),
  splineCenter: v.optional(
    v.pipe(v.number(), v.finite(), describe('Middle of the interval of a spline.')),
    0,
  ),
  splineEnds: v.optional(
    v.pipe(
      splineEnds,
      describe(
        'What a spline does at the ends of its interval: linear, slope 1, and nothing changes outside; box, learned slopes at ' +
          'both ends, for data that stay inside; circular, the interval is a circle with one learned slope where its ends meet; ' +
          'half-turn, as linear after half a turn of the circle (NCSF of zuko).',
      ),
    ),
    'linear',
  ),
  splineDirection: v.optional(
    v.pipe(
      v.picklist(['forward', 'inverse']),
      describe(
        'Which way a spline maps: forward, data to latent; inverse, latent to data (an InverseTransform of nflows, flowjax with ' +
          'invert=False).',
      ),
    ),
    'forward',
  ),
  splineMap: v.optional(
    v.pipe(
      splineMap,
      describe(
        'How the output of the conditioner becomes the bins of a spline and its slopes: softmax-floor, a softmax and a softplus ' +
          'that leave at least splineFloor (nflows); soft-clip, both clipped softly by ln splineSlope (zuko); softmax-halves, a ' +
          'softmax of bins − 1 shares of at least splineFloor, the first of which is halved between both ends, and a softplus ' +
          'that leaves at least splineSlope (flowjax before 18); softmax-slope, as softmax-floor, with splineSlope as the ' +
          'least slope (flowjax).',
      ),
    ),
    'softmax-floor',
  ),
  splineFloor: v.optional(
    v.pipe(
      v.number(),
      v.gtValue(0),
      v.ltValue(1),
      describe(
        'Least share of the interval of a bin (all but soft-clip), and least slope of a spline (softmax-floor).',
      ),
    ),
    1e-3,
  ),
  splineSlope: v.optional(
    v.pipe(
      v.number(),
      v.gtValue(0),
      v.ltValue(1),
      describe('Least slope of a spline (all but softmax-floor).'),
    ),
    1e-3,
  ),
  splineInterval: v.optional(
    v.pipe(
      splineInterval,
      describe(
        'Each element has an interval of its own: the conditioner gives its left and bottom edge, width and height besides, and ' +
          'outside the map goes on as the line through its corners (BayesFlow). If given, splineBound, splineCenter, splineEnds, ' +
          'splineDirection, splineMap, splineFloor and splineSlope are not used.',
      ),
    ),
  ),
  normEpsilon: v.optional(
    v.pipe(positive, describe('Added to the variance by batch normalization in the flow.')),
    1e-4,
  ),
  normVariance: v.optional(
    v.pipe(
      v.picklist(['biased', 'unbiased']),
      describe('Variance in the running statistics: divided by n, or by n − 1 (PyTorch).'),
    ),
    'biased',
  ),
  normOver: v.optional(
    v.pipe(
      v.picklist(['moved', 'moved-with-zeros', 'all']),
      describe(
        'Elements that batch normalization in the flow takes statistics of in training: the transformed ones (moved), those with ' +
          'zeros in place of the others (moved-with-zeros, the authors’ released code), or all.',
      ),
    ),
    'moved',
  ),
  normStatistics: v.optional(
    v.pipe(
      v.picklist(['batch', 'running']),
      describe(
        'What batch normalization in the flow normalizes with in training: the statistics of the batch, or the running ' +
          'average, with gradients only through the share of the batch (paper, appendix E).',
      ),
    ),
    'batch',
  ),
} as const;
