/**
 * Flows in which every value of every convention occurs at least once, as convention-values.test.ts asserts; what does not
 * interact shares a flow, so that the contract stays quick.
 */
import * as v from 'valibot';
import { conventionsFor } from '../../src/config/conventions';
import { modelSchema, type ModelConfig } from '../../src/config/schema';
import { buildFlow } from '../../src/flow/flow';
import type { Flow } from '../../src/flow/built-flow';
import type { Case } from './cases';

export interface ConventionCase extends Case {
  bijection: Flow;
  model: ModelConfig;
}

type Fields = Record<string, unknown>;

const tinyVector: Fields = { kind: 'vector', dim: 3, couplings: 3, hidden: [6], activation: 'tanh' };
const tinyImage: Fields = { kind: 'image', height: 4, width: 4, channels: 1, scales: 2, base: 2, blocks: 1 };

const named =
  (base: Fields) =>
  ([label, fields]: readonly [string, Fields]): ConventionCase => {
    const model = v.parse(modelSchema, { ...base, ...fields });
    return { label, model, bijection: buildFlow(model) };
  };

const splines: Fields = { transform: 'rationalQuadratic', hidden: [8] };

const vectors: readonly (readonly [string, Fields])[] = [
  ['vector, x·eˢ + t, tanh-scalar, interleaved', { scaleMap: 'tanh-scalar', outputLayout: 'interleaved' }],
  [
    'vector, (x + t)·eˢ, tanh-scalar-shift, t first',
    { affine: 'shift-then-scale', scaleMap: 'tanh-scalar-shift', outputOrder: 'shift-scale' },
  ],
  [
    'vector, (x − t)·e⁻ˢ, exp, separate nets',
    { affine: 'inverse-scale-then-shift', scaleMap: 'exp', nets: 'separate', shiftActivation: 'relu' },
  ],
  [
    'vector, x·e⁻ˢ − t, sigmoid, selected',
    { affine: 'inverse-shift-then-scale', scaleMap: 'sigmoid', conditioning: 'selected' },
  ],
  ['vector, s without its mean', { scaleMean: 'removed', dim: 5 }],
  ['vector, s without its mean, selected', { scaleMean: 'removed', dim: 5, conditioning: 'selected' }],
  ['vector, sigmoid without ε', { scaleMap: 'sigmoid', scaleEpsilon: 0 }],
  ['vector, x + t', { transform: 'additive' }],
  ['vector, Bernstein polynomials', { transform: { kind: 'bernstein', degree: 4, bound: 3 } }],
  [
    'vector, Bernstein polynomials, autoregressive and a coupling, backwards',
    {
      layers: [
        { kind: 'autoregressive', order: [1, 0, 2], transform: { kind: 'bernstein' } },
        {
          ...{ kind: 'coupling', mask: [1, 0, 1], conditioning: 'selected', nets: 'separate' },
          transform: { kind: 'bernstein', degree: 1, direction: 'inverse' },
        },
      ],
    },
  ],
  [
    'vector, sums of squares',
    { transform: { kind: 'sumOfSquares', degree: 2, polynomials: 2, bound: 3, slope: 0.1 } },
  ],
  [
    'vector, sums of squares, autoregressive and a coupling, backwards',
    {
      layers: [
        { kind: 'autoregressive', order: [1, 0, 2], transform: { kind: 'sumOfSquares', clip: 11 } },
        {
          ...{ kind: 'coupling', mask: [1, 0, 1], conditioning: 'selected', nets: 'separate' },
          transform: { kind: 'sumOfSquares', degree: 1, polynomials: 1, direction: 'inverse' },
        },
      ],
    },
  ],
  ['vector, Gaussianization', { transform: { kind: 'gaussianization', components: 3 } }],
  [
    'vector, Gaussianization, autoregressive and a coupling, backwards',
    {
      layers: [
        {
          ...{ kind: 'autoregressive', order: [1, 0, 2] },
          transform: { kind: 'gaussianization', components: 4, shrinkage: 1e-6 },
        },
        {
          ...{ kind: 'coupling', mask: [1, 0, 1], conditioning: 'selected', nets: 'separate' },
          transform: { kind: 'gaussianization', components: 1, direction: 'inverse' },
        },
      ],
    },
  ],
  [
    'vector, one feature, splines given a context',
    { dim: 1, layer: 'autoregressive', transform: 'rationalQuadratic', bins: 4, context: 2 },
  ],
  [
    'vector, x + t, selected, separate nets, norm',
    {
      transform: 'additive',
      conditioning: 'selected',
      nets: 'separate',
      shiftActivation: 'elu',
      flowNorm: true,
      dim: 4,
    },
  ],
  [
    'vector, softplus-clamp, selected, t first',
    { scaleMap: 'softplus-clamp', conditioning: 'selected', outputOrder: 'shift-scale', dim: 5 },
  ],
  [
    'vector, soft-clip, selected, interleaved, t first',
    {
      scaleMap: 'soft-clip',
      conditioning: 'selected',
      outputOrder: 'shift-scale',
      outputLayout: 'interleaved',
      dim: 4,
    },
  ],
  [
    'vector, arctan, selected, separate nets',
    {
      scaleMap: 'arctan',
      scaleClamp: 1.5,
      conditioning: 'selected',
      nets: 'separate',
      shiftActivation: 'leaky-relu',
      dim: 4,
    },
  ],
  [
    'vector, residual nets, batch norm between, permuted',
    { net: 'residual', hidden: [5], blocks: 2, between: 'batchNorm', permutation: 'random' },
  ],
  [
    'vector, residual nets with norms, selected, act norm between',
    {
      net: 'residual',
      hidden: [5],
      blocks: 1,
      netNorm: true,
      between: 'actNorm',
      conditioning: 'selected',
      nets: 'separate',
      shiftActivation: 'silu',
    },
  ],
  [
    'vector, running statistics over all, unbiased',
    {
      flowNorm: true,
      normStatistics: 'running',
      normVariance: 'unbiased',
      normOver: 'all',
      normEpsilon: 1e-5,
    },
  ],
  ['vector, selected, norm of couplings', { flowNorm: true, conditioning: 'selected' }],
  [
    'vector, relu, statistics with zeros',
    { activation: 'relu', flowNorm: true, normOver: 'moved-with-zeros' },
  ],
  ['vector, leaky-relu of slope 0.2', { activation: 'leaky-relu', slope: 0.2, polarity: 'first-moves' }],
  [
    'vector, elu, tanh for t, random masks, norm of couplings',
    { activation: 'elu', nets: 'separate', shiftActivation: 'tanh', mask: 'random', flowNorm: true },
  ],
  [
    'vector, hard-silu, softplus-asinh, selected, separate nets',
    {
      activation: 'hard-silu',
      shiftActivation: 'hard-silu',
      scaleMap: 'softplus-asinh',
      conditioning: 'selected',
      nets: 'separate',
      dim: 4,
    },
  ],
  ['vector, gelu', { activation: 'gelu', nets: 'separate', shiftActivation: 'mish' }],
  ['vector, mish', { activation: 'mish', nets: 'separate', shiftActivation: 'gelu' }],
  ['vector, selu', { activation: 'selu', nets: 'separate', shiftActivation: 'sigmoid' }],
  ['vector, sigmoid as activation', { activation: 'sigmoid', nets: 'separate', shiftActivation: 'softplus' }],
  ['vector, softplus as activation', { activation: 'softplus', nets: 'separate', shiftActivation: 'selu' }],
  [
    'vector, dense nets that add what they take, given a context',
    { net: 'dense', hidden: [5, 5, 4], context: 2, conditioning: 'selected', dim: 4 },
  ],
  ['vector, dense nets, batch norm', { net: 'dense', denseNorm: 'batch', hidden: [4, 5] }],
  [
    'vector, dense nets without skips, layer norm',
    { net: 'dense', denseSkips: false, denseNorm: 'layer', hidden: [5, 5] },
  ],
  ['vector, dense nets, rms norm', { net: 'dense', denseNorm: 'rms', hidden: [3, 5] }],
  [
    'vector, dense nets, standardized',
    { net: 'dense', denseSkips: false, denseNorm: 'standardized', hidden: [5, 4] },
  ],
  ['vector, silu', { activation: 'silu', mask: 'halves', permutation: 'reverse' }],
  [
    'vector, written out',
    {
      layers: [
        { kind: 'actNorm' },
        { kind: 'coupling', mask: [1, 0, 0] },
        { kind: 'batchNorm' },
        { kind: 'permute', order: [2, 0, 1] },
        { kind: 'coupling', mask: [0, 1, 1] },
        { kind: 'coupling', mask: [1, 0, 1] },
        { kind: 'actNorm' },
      ],
      conditioning: 'selected',
      normVariance: 'unbiased',
    },
  ],
  ['vector, splines', { ...splines, dim: 2, bins: 5, splineBound: 2 }],
  [
    'vector, splines, selected, interleaved, soft clip',
    { ...splines, dim: 5, conditioning: 'selected', outputLayout: 'interleaved', splineMap: 'soft-clip' },
  ],
  [
    'vector, splines with a least slope of their own (flowjax)',
    { ...splines, bins: 4, splineMap: 'softmax-slope', splineSlope: 0.02 },
  ],
  ['vector, splines from latent to data', { ...splines, bins: 5, splineDirection: 'inverse' }],
  [
    'vector, autoregressive splines from latent to data, in a box',
    {
      ...{ ...splines, layer: 'autoregressive', splineDirection: 'inverse', splineEnds: 'box' },
      ...{ splineBound: 6, splineCenter: 0.5 },
      base: { kind: 'uniform', lower: -5.5, upper: 6.5 },
    },
  ],
  ['vector, splines with a least share of their own', { ...splines, bins: 3, splineFloor: 0.02 }],
  [
    'vector, splines in a box, selected, uniform base',
    {
      ...{ ...splines, splineEnds: 'box', splineBound: 6, splineCenter: 0.5, conditioning: 'selected' },
      base: { kind: 'uniform', lower: -5.5, upper: 6.5 },
    },
  ],
  [
    'vector, circular splines, masked, one interval',
    {
      ...splines,
      splineEnds: 'circular',
      splineBound: 6,
      bins: 3,
      base: { kind: 'uniform', lower: -6, upper: 6 },
    },
  ],
  [
    'vector, splines, selected, beta base',
    { ...splines, conditioning: 'selected', base: { kind: 'beta', lower: -5.5, upper: [6, 6.5, 7] } },
  ],
  ['vector, splines after half a turn, masked', { ...splines, splineEnds: 'half-turn', splineBound: 6 }],
  [
    'vector, splines of intervals of their own, selected, interleaved',
    {
      ...{ ...splines, dim: 5, bins: 4, conditioning: 'selected', outputLayout: 'interleaved' },
      splineInterval: { domain: [-2, 2.5, -1, 3], leastWidth: 0.5, leastBinHeight: 0.2 },
    },
  ],
  [
    'vector, splines of intervals of their own, masked, two bins',
    { ...splines, bins: 2, splineInterval: {} },
  ],
  [
    'vector, splines of two bins, separate networks, LU between',
    { ...splines, dim: 4, bins: 2, nets: 'separate', between: 'lu' },
  ],
  [
    'vector, masked autoregressive, softplus',
    { layer: 'autoregressive', dim: 4, hidden: [9, 7], scaleMap: 'softplus' },
  ],
  ['vector, inverse autoregressive', { layer: 'autoregressive', sees: 'output', dim: 3, hidden: [7] }],
  [
    'vector, masked autoregressive, residual networks, sigmoid, interleaved, norms between',
    {
      ...{ layer: 'autoregressive', net: 'residual', hidden: [8], scaleMap: 'sigmoid' },
      ...{ outputLayout: 'interleaved', between: 'batchNorm' },
    },
  ],
  [
    'vector, autoregressive splines with halves of a bin at both ends (flowjax)',
    {
      ...splines,
      layer: 'autoregressive',
      bins: 4,
      splineMap: 'softmax-halves',
      splineEnds: 'box',
      splineFloor: 0.05,
    },
  ],
  [
    'vector, autoregressive, residual networks whose blocks begin with a linear layer (zuko)',
    { layer: 'autoregressive', net: 'residual', hidden: [8], blockStart: 'linear' },
  ],
  [
    'vector, autoregressive splines in given orders, one sees its output',
    {
      ...splines,
      layers: [
        { kind: 'autoregressive', order: [2, 0, 1] },
        { kind: 'lu' },
        { kind: 'autoregressive', order: [1, 2, 0], sees: 'output' },
      ],
    },
  ],
  [
    'vector, inverse autoregressive, x + t',
    { transform: 'additive', layers: [{ kind: 'autoregressive', order: [0, 1, 2], sees: 'output' }] },
  ],
  [
    'vector, mixed and turned, written out',
    {
      dim: 4,
      layers: [
        { kind: 'rescale', scale: [2, 0.5, -1, 1.5], shift: 0.3 },
        { kind: 'coupling', mask: [1, 0, 1, 0] },
        { kind: 'householder', reflections: 3 },
        { kind: 'plu', order: [2, 0, 3, 1], signs: [1, -1, -1, 1] },
        { kind: 'coupling', mask: [0, 1, 0, 1] },
        { kind: 'qr', reflections: 2 },
        { kind: 'svd', reflections: 5 },
        { kind: 'orthogonal' },
        { kind: 'coupling', mask: [1, 1, 0, 0] },
      ],
    },
  ],
  [
    'vector, a field of the time and a coupling',
    {
      layers: [
        {
          ...{ kind: 'field', data: 1, noise: 0, slices: 3, steps: 6, frequencies: [3] },
          net: { kind: 'mlp', hidden: [8], activation: 'tanh' },
        },
        { kind: 'coupling', mask: [1, 0, 0] },
      ],
    },
  ],
  [
    'vector, a field of the time as FMPE of sbi has it, given a context',
    {
      context: 2,
      contextNorm: true,
      layers: [
        { kind: 'rescale', scale: [2, 0.5, 1.5], shift: [0.3, -1, 0] },
        {
          ...{ kind: 'field', slices: 2, steps: 4, frequencies: [1, 2.5] },
          net: { kind: 'sbi', width: 5, layers: 1, mean: [0.5, -1, 0.2], std: [0.8, 1.5, 1] },
        },
      ],
    },
  ],
  [
    'vector, a field of the time as FMPE of sbi has it, on top of that of normal data',
    {
      layers: [
        {
          ...{ kind: 'field', slices: 2, steps: 4 },
          net: {
            ...{ kind: 'sbi', width: 5, layers: 2, activation: 'silu', mean: 0.4, std: 0.7 },
            ...{ skips: false, norm: false, baseline: true },
          },
        },
      ],
    },
  ],
  ...(['plu', 'qr', 'svd', 'householder', 'orthogonal'] as const).map((between): [string, Fields] => [
    `vector, ${between} between`,
    { between, reflections: 2 },
  ]),
  [
    'vector, trained normal base',
    { base: { kind: 'diagonalNormal', loc: [0.5, 0, -1], scale: 2, trained: true } },
  ],
  ['vector, mixture of normals as base', { base: { kind: 'mixture', components: 3 } }],
  [
    'vector, mixture of correlated normals as base',
    { base: { kind: 'mixture', components: 3, covariance: 'full' } },
  ],
  ['vector, base of Student’s t', { base: { kind: 'studentT', loc: 0.5, scale: 2, trained: true } }],
  ['vector, fixed normal base', { base: { kind: 'diagonalNormal', loc: 0.5, scale: [1, 2, 3] } }],
  [
    'vector, couplings given a context through a network, separate networks',
    { context: 2, contextNet: [5, 3], contextNorm: true, nets: 'separate', conditioning: 'selected', dim: 4 },
  ],
  [
    'vector, couplings given a context through a network with an activation of its own at its end',
    {
      context: 3,
      contextNet: [4],
      contextActivation: 'tanh',
      contextOutput: 'activated',
      conditioning: 'selected',
    },
  ],
  ...(
    ['relu', 'leaky-relu', 'elu', 'silu', 'hard-silu', 'gelu', 'mish', 'selu', 'sigmoid', 'softplus'] as const
  ).map((contextActivation): [string, Fields] => [
    `vector, a network over the context with ${contextActivation}`,
    { context: 2, contextNet: [4, 3], contextActivation, couplings: 2 },
  ]),
  [
    'vector, couplings of residual networks with gates, given a context',
    { context: 3, net: 'residual', hidden: [6], blocks: 1, contextInBlocks: 'gate', dim: 4 },
  ],
  [
    'vector, couplings of residual networks given a context at their inputs alone',
    { context: 1, net: 'residual', hidden: [6], blocks: 1 },
  ],
  [
    'vector, couplings with transforms and networks of their own',
    {
      context: 1,
      hidden: [7],
      layers: [
        { kind: 'coupling', mask: [1, 0, 0] },
        {
          kind: 'coupling',
          mask: [0, 1, 1],
          transform: { kind: 'rationalQuadratic', bins: 4, bound: 3, map: 'soft-clip' },
          net: { kind: 'residual', width: 6, blocks: 1, activation: 'silu', contextInBlocks: 'gate' },
          conditioning: 'selected',
          outputLayout: 'interleaved',
        },
        {
          kind: 'coupling',
          mask: [1, 1, 0],
          transform: { kind: 'affine', form: 'shift-then-scale', scaleMap: 'exp' },
          net: { kind: 'mlp', hidden: [5], activation: 'tanh' },
          nets: 'separate',
        },
        { kind: 'coupling', mask: [1, 0, 1], transform: { kind: 'intervalSpline', bins: 3 } },
        {
          kind: 'coupling',
          mask: [1, 0, 0],
          transform: { kind: 'additive' },
          net: { kind: 'dense', hidden: [4] },
        },
      ],
    },
  ],
  [
    'vector, autoregressive layers with transforms and networks of their own',
    {
      hidden: [7],
      layers: [
        { kind: 'autoregressive', order: [0, 1, 2] },
        {
          kind: 'autoregressive',
          order: [2, 1, 0],
          sees: 'output',
          transform: { kind: 'rationalQuadratic', bins: 5, direction: 'inverse' },
          net: { kind: 'mlp', hidden: [8, 6], activation: 'elu' },
        },
        {
          kind: 'autoregressive',
          order: [1, 0, 2],
          transform: { kind: 'affine', scaleMap: 'softplus' },
          net: { kind: 'residual', width: 6, blocks: 1 },
          outputOrder: 'shift-scale',
        },
      ],
    },
  ],
  [
    'vector, autoregressive in two places',
    { dim: 4, hidden: [7], layers: [{ kind: 'autoregressive', order: [0, 1, 1, 0] }] },
  ],
  [
    'vector, autoregressive with stored masks',
    { layer: 'autoregressive', hidden: [6, 6], madeMasks: 'stored' },
  ],
  [
    'vector, autoregressive given a context through its activation',
    { context: 2, contextEntry: 'activated', layer: 'autoregressive', hidden: [8, 8], scaleMap: 'softplus' },
  ],
  [
    'vector, autoregressive splines of residual networks, given a context after the first feature',
    {
      ...{ ...splines, context: 2, layer: 'autoregressive', net: 'residual' },
      ...{ contextInBlocks: 'add', contextFirst: false },
    },
  ],
];

const convolutional = (kernels: number[], more: Fields): Fields => ({
  kind: 'convolutions',
  kernels,
  widths: kernels.slice(1).map(() => 3),
  activation: 'tanh',
  ...more,
});

/** Couplings of both scales have the same splines: "image, splines" has two scales, and those that vary the splines have one. */
const imageSplines: Fields = { transform: 'rationalQuadratic', bins: 3, scales: 1 };

const images: readonly (readonly [string, Fields])[] = [
  ['image, x + t', { transform: 'additive' }],
  ['image, softplus', { scaleMap: 'softplus', scaleEpsilon: 0.3 }],
  ['image, splines', { transform: 'rationalQuadratic', bins: 4 }],
  ['image, splines in a box', { ...imageSplines, splineEnds: 'box', splineBound: 9, flowNorm: false }],
  ['image, circular splines', { ...imageSplines, splineEnds: 'circular', splineBound: 9, flowNorm: false }],
  [
    'image, splines after half a turn',
    { ...imageSplines, splineEnds: 'half-turn', splineBound: 9, flowNorm: false },
  ],
  [
    'image, splines with halves of a bin at both ends and learned slopes there',
    {
      ...{ ...imageSplines, bins: 5, splineEnds: 'box', splineBound: 9, flowNorm: false },
      splineMap: 'softmax-halves',
    },
  ],
  ['image, splines of intervals of their own', { ...imageSplines, splineInterval: {} }],
  [
    'image, splines with a least slope of their own',
    { ...imageSplines, splineMap: 'softmax-slope', splineSlope: 0.02 },
  ],
  ['image, splines from latent to data', { ...imageSplines, splineDirection: 'inverse' }],
  ['image, splines with a least share of their own', { ...imageSplines, splineFloor: 0.02 }],
  ['image, splines by soft clip', { ...imageSplines, splineMap: 'soft-clip' }],
  [
    'image, factored out by halves, subpixel-major, running statistics',
    { factorOut: 'halves', squeeze: 'subpixel-major', normStatistics: 'running', channels: 2 },
  ],
  [
    'image, (x − t)·e⁻ˢ, arctan',
    {
      affine: 'inverse-scale-then-shift',
      scaleMap: 'arctan',
      channelwiseWidth: 1,
      dataConstraint: 'as-printed',
    },
  ],
  [
    'image, x·e⁻ˢ − t, soft-clip, statistics over all',
    { affine: 'inverse-shift-then-scale', scaleMap: 'soft-clip', normOver: 'all', netNorm: false },
  ],
  [
    'image, exp, factored out by halves',
    { scaleMap: 'exp', outputLayout: 'interleaved', widthGrowth: 'constant', factorOut: 'halves' },
  ],
  [
    'image, Glow with standard priors, subpixel-major',
    { architecture: 'glow', scales: 1, steps: 1, priors: 'standard', squeeze: 'subpixel-major' },
  ],
  [
    'image, Glow with learned priors',
    { architecture: 'glow', steps: 1, scales: 2, base: 3, height: 4, width: 8, dataConstraint: 'unit' },
  ],
  [
    'image, couplings given an image',
    {
      channels: 2,
      context: { height: 2, width: 2, channels: 2 },
      layers: [
        { kind: 'coupling', mask: [1, 0], net: convolutional([1, 3], {}) },
        { kind: 'squeeze' },
        {
          kind: 'coupling',
          mask: [1, 1, 1, 0, 0, 0, 0, 0],
          net: convolutional([3, 1], {}),
          seesContext: true,
          nets: 'separate',
        },
        {
          kind: 'coupling',
          mask: [0, 0, 0, 0, 1, 1, 1, 1],
          net: { kind: 'residual', width: 3, blocks: 1, activation: 'tanh' },
          seesContext: true,
        },
      ],
    },
  ],
  [
    'image, couplings given numbers',
    {
      channels: 2,
      context: { height: 1, width: 1, channels: 3 },
      layers: [
        { kind: 'coupling', mask: [1, 0], net: convolutional([3, 1], {}), seesContext: true },
        { kind: 'flatten' },
        {
          kind: 'coupling',
          mask: Array.from({ length: 32 }, (_, i) => i % 2),
          net: convolutional([1, 1], {}),
          seesContext: true,
        },
      ],
    },
  ],
  [
    'image, learned priors given numbers',
    {
      channels: 2,
      context: { height: 1, width: 1, channels: 3 },
      layers: [
        { kind: 'squeeze' },
        { kind: 'coupling', mask: [1, 1, 1, 1, 0, 0, 0, 0], net: convolutional([1, 1], {}) },
        { kind: 'prior', given: 'first', of: 'values', seesContext: true },
        { kind: 'factorOut', leaves: 'second' },
        { kind: 'coupling', mask: [1, 0, 1, 0], net: convolutional([3, 1], {}) },
        { kind: 'prior', seesContext: true },
      ],
    },
  ],
  [
    'image, 1×1 convolutions without factors',
    {
      channels: 2,
      layers: [
        { kind: 'squeeze' },
        { kind: 'fullConv1x1' },
        { kind: 'coupling', mask: [1, 1, 1, 1, 0, 0, 0, 0], net: convolutional([1, 1], {}) },
        { kind: 'factorOut' },
        { kind: 'fullConv1x1', bias: true },
      ],
    },
  ],
  [
    'image, written out',
    {
      channels: 2,
      latents: 'first-out-first',
      layers: [
        { kind: 'squeeze', order: 'row-major' },
        { kind: 'actNorm' },
        { kind: 'conv1x1', order: [7, 0, 2, 1, 3, 6, 5, 4], signs: [1, -1, -1, 1, 1, 1, 1, 1] },
        {
          kind: 'coupling',
          mask: [1, 1, 1, 0, 0, 0, 0, 0],
          net: convolutional([3, 1, 3], { padding: 'ones', scaled: true }),
        },
        { kind: 'haar', rebalance: 0.8 },
        {
          kind: 'prior',
          given: 'second',
          kernel: 3,
          padding: 'ones',
          scaled: true,
          outputLayout: 'interleaved',
        },
        { kind: 'factorOut', leaves: 'first' },
        { kind: 'permute', order: [3, 1, 0, 2] },
        {
          kind: 'coupling',
          mask: [0, 1, 1, 0],
          net: { kind: 'residual', width: 3, blocks: 1, batchNorm: true },
          scaleMap: 'arctan',
        },
        { kind: 'prior', given: 'first' },
        { kind: 'factorOut' },
        { kind: 'flatten' },
        {
          kind: 'coupling',
          mask: [0, 0, 0, 0, 1, 1, 1, 1],
          net: convolutional([1, 1], { activation: 'leaky-relu', slope: 0.2 }),
          nets: 'separate',
        },
        { kind: 'prior', of: 'values' },
      ],
    },
  ],
  [
    'image, written out, all latents learned by a convolution of zeros',
    {
      layers: [
        { kind: 'squeeze' },
        {
          kind: 'coupling',
          mask: [0, 0, 1, 1],
          net: { kind: 'residual', width: 3, blocks: 1, activation: 'elu' },
        },
        { kind: 'prior', given: 'first', of: 'values' },
        { kind: 'factorOut' },
        { kind: 'prior', kernel: 3, padding: 'ones' },
      ],
    },
  ],
  ['image, softplus-asinh', { scaleMap: 'softplus-asinh', outputOrder: 'shift-scale' }],
  [
    'image, softplus-clamp, polarities opposed',
    {
      scaleMap: 'softplus-clamp',
      lengths: 'some',
      inputDoubling: false,
      polarity: 'first-moves',
      channelPolarity: 'first-conditions',
    },
  ],
];

/** A field of few steps: the graphs of its preset would take most of the time. */
const small = (fields: Fields): Fields =>
  fields.layers
    ? {
        ...fields,
        layers: [
          { ...(fields.layers as Fields[])[0], slices: 2, steps: 1, net: { kind: 'mlp', hidden: [6] } },
        ],
      }
    : fields;

/** The flows of published implementations, small. */
const published = (['vector', 'image'] as const).flatMap((kind) =>
  conventionsFor(kind).map((set) =>
    named(kind === 'vector' ? tinyVector : tinyImage)([`${kind}, ${set.name}`, small(set[kind]!)]),
  ),
);

export const conventionCases: readonly ConventionCase[] = [
  ...published,
  ...vectors.map(named(tinyVector)),
  ...images.map(named(tinyImage)),
];
