/** Splines, autoregressive layers and learned mixing. */
import type { Case } from './cases';
import { flowOf } from './flow-of';

const spline = { transform: 'rationalQuadratic', activation: 'tanh', hidden: [8] } as const;

export const modernCases: Case[] = [
  {
    label: 'spline couplings, D = 2',
    bijection: flowOf({ kind: 'vector', dim: 2, couplings: 4, ...spline, bins: 5, splineBound: 2 }),
  },
  {
    label: 'spline couplings, selected features, interleaved output, soft clip',
    bijection: flowOf({
      kind: 'vector',
      dim: 5,
      couplings: 3,
      ...spline,
      conditioning: 'selected',
      outputLayout: 'interleaved',
      splineMap: 'soft-clip',
    }),
  },
  {
    label: 'spline couplings, separate networks, two bins, LU between',
    bijection: flowOf({
      kind: 'vector',
      dim: 4,
      couplings: 2,
      ...spline,
      bins: 2,
      nets: 'separate',
      between: 'lu',
    }),
  },
  {
    label: 'spline couplings of images',
    bijection: flowOf({
      ...{ kind: 'image', height: 4, width: 4, scales: 1, base: 4, blocks: 1 },
      transform: 'rationalQuadratic',
      bins: 4,
    }),
  },
  {
    label: 'masked autoregressive flow',
    bijection: flowOf({ kind: 'vector', dim: 4, couplings: 3, layer: 'autoregressive', hidden: [9, 7] }),
  },
  {
    label: 'masked autoregressive flow, residual network, norms between',
    bijection: flowOf({
      kind: 'vector',
      dim: 3,
      couplings: 2,
      layer: 'autoregressive',
      net: 'residual',
      hidden: [8],
      scaleMap: 'sigmoid',
      outputLayout: 'interleaved',
      between: 'batchNorm',
    }),
  },
  {
    label: 'autoregressive splines, orders given, one that sees its output',
    bijection: flowOf({
      kind: 'vector',
      dim: 3,
      ...spline,
      layers: [
        { kind: 'autoregressive', order: [2, 0, 1] },
        { kind: 'lu' },
        { kind: 'autoregressive', order: [1, 2, 0], sees: 'output' },
      ],
    }),
  },
  {
    label: 'inverse autoregressive flow, additive',
    bijection: flowOf({
      kind: 'vector',
      dim: 4,
      transform: 'additive',
      hidden: [8],
      layers: [{ kind: 'autoregressive', order: [0, 1, 2, 3], sees: 'output' }],
    }),
  },
];
