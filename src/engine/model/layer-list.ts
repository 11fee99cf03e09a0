/** The rows of a flow as the inspector, the exporter and the command line name them: preprocessing first, then layers. */
import { integersOf } from '../../config/standardization';
import { range } from '../../base/order';
import { several } from '../../base/user-error';
import { runsOfStep } from '../../config/field-layer';
import type { SliceSpec } from '../../flow/core/spec';
import type { Bijection } from '../../flow/core/bijection';
import type { Preprocess } from '../../flow/nets/context';
import type { Flow, FlowLayer, LayerRow } from '../../flow/built-flow';
import { sizeOf } from '../../base/shape';
import { inOrder, whatMoves, type LayerMoves } from '../../protocol/layer-moves';
import { timesText, type LayerInfo } from '../../protocol/model';

export interface ModelLayer {
  info: LayerInfo;
  /** Absent for preprocessing, which is not part of the flow. */
  flow?: FlowLayer;
  /** Absent for squeezes, flattenings and factor-outs, which only move values. */
  bijection?: Bijection;
  /** Taps that hold the layer's input and output. A factor-out's output is what goes on. */
  taps: { input: string; output: string };
}

/** @param names of the data's features */
export function modelLayers(
  flow: Flow,
  preprocess: Preprocess | undefined,
  names?: readonly string[],
): ModelLayer[] {
  const before = preprocess ? [preprocessLayer(preprocess, names)] : [];
  const mixed = flow.layers.findIndex(({ bijection }) => bijection?.mixes);
  const named = mixed < 0 ? flow.layers.length : mixed;
  const rows = flow.layers.map((layer, i) => flowLayer(layer, i < named ? names : undefined));
  return [...before, ...rows].map((layer, index) => ({ ...layer, info: { ...layer.info, index } }));
}

export function parameterCount(specs: readonly { shape: readonly number[] }[]): number {
  return specs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/** By the name of the step, which is its kind. */
const preprocessingWords = {
  logit: 'pixels to logits',
  pixels: 'pixels to a range of length 1',
  standardize: 'mean subtracted, deviation divided out',
} as const;

function preprocessLayer(preprocess: Preprocess, names: readonly string[] | undefined): ModelLayer {
  const { name, inputShape, outputShape, transforms = [] } = preprocess;
  const mapped = transforms.flatMap((text, d) =>
    text === null ? [] : [`${names?.[d] ?? `x${d}`}: ${text}`],
  );
  const kind = name as keyof typeof preprocessingWords;
  return {
    info: {
      index: 0,
      name,
      kind,
      scale: 0,
      inputShape: [...inputShape],
      outputShape: [...outputShape],
      parameterCount: 0,
      hasNorm: false,
      description: [inputShape.join('×'), ...mapped, preprocessingWords[kind]].join(', '),
      ...(mapped.length > 0 ? { mapped } : {}),
      ...(integersOf({ transforms }) ? { dequantizes: true } : {}),
    },
    bijection: preprocess,
    taps: { input: `${name}/x`, output: `${name}/y` },
  };
}

function flowLayer(layer: FlowLayer, names: readonly string[] | undefined): ModelLayer {
  const { name, kind, scale, coupling, inputShape, outputShape, bijection, hasNorm, order, places } = layer;
  const { spec } = layer;
  const moves = movesOf(layer, names);
  return {
    info: {
      index: 0,
      name,
      kind,
      scale,
      ...(coupling === undefined ? {} : { coupling }),
      inputShape: [...inputShape],
      outputShape: [...outputShape],
      parameterCount: parameterCount(bijection?.parameters ?? []),
      hasNorm,
      description: spec.kind === 'slice' ? describeSlice(spec) : describeLayer(layer, names),
      ...(moves ? { moves } : {}),
      ...(bijection?.quantities ? { quantities: [...bijection.quantities] } : {}),
      ...(bijection?.formula ? { formula: bijection.formula } : {}),
      ...(bijection?.sameForAll ? { sameForAll: true } : {}),
      ...(order ? { order: [...order] } : {}),
      ...(places && new Set(places).size < places.length ? { places: [...places] } : {}),
      ...(bijection?.networkPasses ? { networkPasses: bijection.networkPasses } : {}),
      ...(spec.kind === 'slice' ? { times: { from: spec.from, to: spec.to } } : {}),
      ...(bijection?.mixes ? { mixes: true } : {}),
      ...(bijection?.curve ? { mapsAlone: true } : {}),
      ...(bijection?.spline ? { spline: bijection.spline } : {}),
      // Without a map of its own a layer only moves values.
      ...(!bijection || bijection.preservesVolume ? { preservesVolume: true } : {}),
    },
    flow: layer,
    ...(bijection ? { bijection } : {}),
    taps: { input: `${name}/x`, output: kind === 'factorOut' ? `${name}/kept` : `${name}/y` },
  };
}

/** "t 0 → 0.1, 4 steps of rk4, 16 runs of the network each way". */
function describeSlice({ from, to, settings: { steps, solver } }: SliceSpec): string {
  const runs = several(steps * runsOfStep[solver], 'run');
  return `${timesText({ from, to })}, ${several(steps, 'step')} of ${solver}, ${runs} of the network each way`;
}

/** Letters of names that a heading has room for. */
const longestNames = 40;

/** What a coupling moves; undefined for other layers. @param names of the features that go in */
export function movesOf(
  { kind, mask, inputShape }: Pick<LayerRow, 'kind' | 'mask' | 'inputShape'>,
  names?: readonly string[],
): LayerMoves | undefined {
  if (kind === 'checkerboard') {
    const data = mask?.data ?? new Float32Array(1);
    if (isCheckerboard(data, inputShape)) return { of: 'pixels', parity: data[0] === 1 ? 'odd' : 'even' };
    const count = data.reduce((sum, value) => sum + (value === 0 ? 1 : 0), 0);
    return { of: 'values', count, total: data.length };
  }
  if (kind !== 'channelwise' && kind !== 'vector') return undefined;
  const numbers = range(inputShape.at(-1)!);
  const moving = numbers.filter((i) => mask?.data[i] === 0);
  const first = moving[0] ?? 0;
  const shown = moving.slice(0, 4);
  const called = kind === 'vector' && names?.join() !== 'x,y' ? shown.map((i) => names?.[i] ?? '') : [''];
  return {
    of: kind === 'vector' ? 'features' : 'channels',
    count: moving.length,
    first: shown,
    ...(called.every(Boolean) && called.join().length <= longestNames ? { names: called } : {}),
    last: moving.at(-1) ?? 0,
    consecutive: moving.every((n, i) => n === first + i),
  };
}

/** Whether the parity of row + column alone says what moves. A mask may have a single channel for all. */
function isCheckerboard(data: Float32Array, [height = 1, width = 1]: readonly number[]): boolean {
  const channels = data.length / (height * width);
  return data.every((value, k) => {
    const pixel = Math.floor(k / channels);
    const odd = (Math.floor(pixel / width) + (pixel % width)) % 2;
    return odd ? value !== data[0] : value === data[0];
  });
}

/** What layers do that move all that they take. @param shape in words @param of what it is made of: "channel" */
const words: Partial<Record<LayerRow['kind'], (layer: LayerRow, shape: string, of: string) => string>> = {
  squeeze: ({ outputShape }, shape) => `${shape} folded to ${outputShape.join('×')}`,
  factorOut: ({ outputShape }, shape) => `half of ${shape} goes to z, ${outputShape.join('×')} goes on`,
  permute: (_, shape, of) => `${shape}, ${of}s in another order`,
  conv1x1: (_, shape) => `${shape}, learned mixing of the channels of each pixel (1×1 convolution)`,
  haar: (_, shape) => `${shape}, mean and differences of 2×2 pixels (Haar wavelets)`,
  flatten: ({ outputShape }, shape) => `${shape} as one pixel of ${outputShape.at(-1)} channels`,
  prior({ mask }, shape) {
    const isHalf = mask?.data[0] === 1 || mask?.data.at(-1) === 1;
    return `${shape}, learned mean and deviation of ${isHalf ? 'the half that leaves, given the other' : 'the latents'}`;
  },
  batchNorm: (_, shape) => `${shape}, batch norm with gain and bias`,
  autoregressive(layer, shape) {
    const { forward, inverse } = layer.bijection?.networkPasses ?? {};
    const isAlone = forward === 1 && inverse === 1;
    const what = isAlone ? 'each feature by itself' : `each feature given those before it${inOrder(layer)}`;
    return `${shape}, ${what}${costOf(layer)}`;
  },
  lu: (_, shape) => `${shape}, learned mixing of all features (LU)`,
  plu: (_, shape) => `${shape}, learned mixing of all features (permuted LU)`,
  qr: (_, shape) => `${shape}, learned mixing of all features (QR)`,
  svd: (_, shape) => `${shape}, learned mixing of all features (SVD)`,
  householder: (_, shape) => `${shape}, learned rotation of all features (reflections)`,
  orthogonal: (_, shape) => `${shape}, learned rotation of all features (matrix exponential)`,
  rescale: (_, shape) => `${shape}, fixed scale and shift of each feature`,
  actNorm: (_, shape, of) => `${shape}, learned shift and scale of each ${of}`,
};

/** One line on what the layer does, for example "4×4×4, channels 2, 3 change". */
export function describeLayer(layer: LayerRow, names?: readonly string[]): string {
  const { kind, inputShape, hasNorm } = layer;
  const shape = sizeWords(inputShape);
  const moves = movesOf(layer, names);
  if (moves) return `${movesIn(shape, moves)}${hasNorm ? ', then batch norm' : ''}`;
  return words[kind]?.(layer, shape, inputShape.length === 3 ? 'channel' : 'feature') ?? shape;
}

/** "; one pass to z, 6 to x": how often the network runs. */
function costOf({ bijection }: LayerRow): string {
  if (!bijection?.networkPasses) return '';
  const { forward, inverse } = bijection.networkPasses;
  const first = forward === 1 ? 'one pass' : `${forward} passes`;
  return `; ${first} to z, ${inverse === 1 ? 'one' : inverse} to x`;
}

/** "4×4×8", or "7 features". */
export function sizeWords(shape: readonly number[]): string {
  return shape.length === 1 ? `${shape[0]} ${shape[0] === 1 ? 'feature' : 'features'}` : shape.join('×');
}

/** "4×4×8, channels 2, 3 change"; how many features there are says nothing beside which of them change. */
export function movesIn(size: string, moves: LayerMoves): string {
  return moves.of === 'features' ? moving(moves) : `${size}, ${moving(moves)}`;
}

/** "channels 2, 3 change". Odd pixels are those whose row + column is odd. */
function moving(moves: LayerMoves): string {
  if (moves.of === 'pixels') return `${moves.parity} pixels change`;
  if (moves.of === 'values') return `${moves.count} of ${moves.total} values change`;
  return `${whatMoves(moves, moves.of.slice(0, -1), moves.of)} ${moves.count === 1 ? 'changes' : 'change'}`;
}
