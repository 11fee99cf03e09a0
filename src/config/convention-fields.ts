/**
 * The choices in which published implementations of RealNVP differ, as fields that vector and image models share.
 * The defaults are Flowscope's own; named sets are in conventions.ts. Which implementation does what is in
 * docs/importing.md.
 */
import * as v from 'valibot';
import { belowOne, choice, described, finite, optional, positive, positiveInteger, share } from './fields';
import { transformNames } from './transforms';

/** Affine map of a coupling from data to latent. The last two are the inverses of the first two. */
const affineForm = v.picklist([
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

export const splineMap = v.picklist(['softmax-floor', 'soft-clip', 'softmax-halves', 'softmax-slope']);

export const blockStart = choice(
  'What a block of a residual net begins with: an activation (nflows), or its first linear layer (zuko).',
  ['activation', 'linear'],
);

export const nets = choice('One conditioner for all that the transform takes (s and t), or one for each.', [
  'joint',
  'separate',
]);

export const polarity = v.picklist(['first-conditions', 'first-moves']);

export const flowNorm = described(
  'Batch normalization after each coupling, as part of the flow (paper, section 3.7).',
  v.boolean(),
);

const leastSize = (usual: number, what: string) => optional(what, v.pipe(positive, v.maxValue(1e6)), usual);
const edge = v.pipe(v.number(), v.minValue(-1e6), v.maxValue(1e6));

/** Interval of a spline that has its own; the defaults are BayesFlow's. */
export const splineInterval = v.strictObject({
  domain: optional(
    'Left, right, bottom and top edge around which the conditioner gives them.',
    v.tuple([edge, edge, edge, edge]),
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
  transform: optional(transformWords, v.picklist(transformNames), 'affine'),
  affine: optional(
    'From data to latent: scale-then-shift is x·eˢ + t (paper), shift-then-scale (x + t)·eˢ, ' +
      'inverse-scale-then-shift (x − t)·e⁻ˢ, inverse-shift-then-scale x·e⁻ˢ − t.',
    affineForm,
    'scale-then-shift',
  ),
  outputOrder: optional(
    'Which of s and t comes first in the output of a conditioner.',
    outputOrder,
    'scale-shift',
  ),
  outputLayout: optional(
    'Whether s and t are the two halves of the output of a conditioner, or alternate in it.',
    outputLayout,
    'halves',
  ),
  scaleMap: optional(
    'How the output u of the conditioner becomes s: tanh-channel w·tanh u with a learned w per channel, ' +
      'tanh-scalar with one learned w, tanh-scalar-shift w·tanh u + c with learned w and c, exp s = u, ' +
      'sigmoid s = ln(sigmoid(u + 2) + scaleEpsilon), softplus s = ln(softplus u + scaleEpsilon), softplus-clamp the same of at most 3, ' +
      'soft-clip u / (1 + |u / ln scaleEpsilon|), arctan scaleClamp·0.636·arctan u, ' +
      'softplus-asinh ln softplus(asinh u + ln(e − 1)) (BayesFlow).',
    scaleMap,
    'tanh-channel',
  ),
  scaleEpsilon: optional(
    'Smallest scale of sigmoid, softplus and softplus-clamp; slope of soft-clip.',
    belowOne,
    1e-3,
  ),
  scaleClamp: optional('Bound of arctan.', positive, 2),
  bins: optional('Bins of a spline.', v.pipe(positiveInteger, v.minValue(2), v.maxValue(256)), 8),
  splineBound: optional(
    'A spline maps splineCenter ± splineBound to itself; splineEnds says what is outside.',
    positive,
    5,
  ),
  splineCenter: optional('Middle of the interval of a spline.', finite, 0),
  splineEnds: choice(
    'What a spline does at the ends of its interval: linear, slope 1, and nothing changes outside; box, learned slopes at ' +
      'both ends, for data that stay inside; circular, the interval is a circle with one learned slope where its ends meet; ' +
      'half-turn, as linear after half a turn of the circle (NCSF of zuko).',
    ['linear', 'box', 'circular', 'half-turn'],
  ),
  splineDirection: choice(
    'Which way a spline maps: forward, data to latent; inverse, latent to data (an InverseTransform of nflows, flowjax with ' +
      'invert=False).',
    ['forward', 'inverse'],
  ),
  splineMap: optional(
    'How the output of the conditioner becomes the bins of a spline and its slopes: softmax-floor, a softmax and a softplus ' +
      'that leave at least splineFloor (nflows); soft-clip, both clipped softly by ln splineSlope (zuko); softmax-halves, a ' +
      'softmax of bins − 1 shares of at least splineFloor, the first of which is halved between both ends, and a softplus ' +
      'that leaves at least splineSlope (flowjax before 18); softmax-slope, as softmax-floor, with splineSlope as the ' +
      'least slope (flowjax).',
    splineMap,
    'softmax-floor',
  ),
  splineFloor: optional(
    'Least share of the interval of a bin (all but soft-clip), and least slope of a spline (softmax-floor).',
    share,
    1e-3,
  ),
  splineSlope: optional('Least slope of a spline (all but softmax-floor).', share, 1e-3),
  splineInterval: optional(
    'Each element has an interval of its own: the conditioner gives its left and bottom edge, width and height besides, and ' +
      'outside the map goes on as the line through its corners (BayesFlow). If given, splineBound, splineCenter, splineEnds, ' +
      'splineDirection, splineMap, splineFloor and splineSlope are not used.',
    splineInterval,
  ),
  normEpsilon: optional('Added to the variance by batch normalization in the flow.', positive, 1e-4),
  normVariance: choice('Variance in the running statistics: divided by n, or by n − 1 (PyTorch).', [
    'biased',
    'unbiased',
  ]),
  normOver: choice(
    'Elements that batch normalization in the flow takes statistics of in training: the transformed ones (moved), those with ' +
      'zeros in place of the others (moved-with-zeros, the authors’ released code), or all.',
    ['moved', 'moved-with-zeros', 'all'],
  ),
  normStatistics: choice(
    'What batch normalization in the flow normalizes with in training: the statistics of the batch, or the running ' +
      'average, with gradients only through the share of the batch (paper, appendix E).',
    ['batch', 'running'],
  ),
} as const;
