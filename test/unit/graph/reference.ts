/** Runs whole graphs by plain loops, the kernels that `evaluateNode` leaves out included: slow, and written apart from any backend. */
import { broadcastReader, forEachIndex } from '../../../src/graph/evaluate/array';
import { evaluateNode } from '../../../src/graph/evaluate/evaluate';
import { type Graph, type Node, isDynamic } from '../../../src/graph/ir';
import { sizeOf, stridesOf } from '../../../src/base/shape';
import type { NdArray } from '../../../src/protocol/tensors';

type Arrays = Readonly<Record<string, NdArray>>;
type Kernel = (inputs: NdArray[], node: Node, shapes: readonly (readonly number[])[]) => NdArray[];

/** The same graph for one batch size. */
export function withBatch(graph: Graph, batch: number): Graph {
  const { dynamicBatch, ...rest } = graph;
  if (dynamicBatch === undefined) return graph;
  const fixed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(fixed);
    if (typeof value !== 'number' || !Number.isInteger(value) || !isDynamic(value, dynamicBatch))
      return value;
    return (value / dynamicBatch) * batch;
  };
  return {
    ...rest,
    values: new Map(
      [...graph.values].map(([id, value]) => [id, { ...value, shape: fixed(value.shape) as number[] }]),
    ),
    nodes: graph.nodes.map((node) => ({
      ...node,
      attrs: Object.fromEntries(Object.entries(node.attrs).map(([key, value]) => [key, fixed(value)])),
    })),
  };
}

/** The kernel that it does not know, or undefined. */
export function unknownKernel(graph: Graph, known: ReadonlySet<string>): string | undefined {
  return graph.nodes.find(({ op }) => !known.has(op) && !(op in kernels))?.op;
}

/** @throws Error for a kernel that is not known */
export function runReference(graph: Graph, feeds: Arrays): Record<string, NdArray> {
  const known = new Map<number, NdArray>();
  for (const [id, data] of graph.constants) known.set(id, { shape: [...graph.values.get(id)!.shape], data });
  for (const { name, value } of graph.inputs) known.set(value, feeds[name]!);
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((id) => known.get(id)!);
    const types = node.outputs.map((id) => graph.values.get(id)!);
    const kernel = kernels[node.op];
    const shapes = types.map(({ shape }) => shape);
    const results = kernel ? kernel(inputs, node, shapes) : evaluateNode(node, inputs, types);
    if (!results) throw new Error(`${node.op} is not known`);
    results.forEach((result, i) => known.set(node.outputs[i]!, result));
  }
  return Object.fromEntries(graph.outputs.map(({ name, value }) => [name, known.get(value)!]));
}

const zeros = (shape: readonly number[]): NdArray<Float32Array> => ({
  shape: [...shape],
  data: new Float32Array(sizeOf(shape)),
});

function transposed(x: NdArray, perm: readonly number[]): NdArray {
  const shape = perm.map((axis) => x.shape[axis]!);
  const from = stridesOf(x.shape);
  const to = stridesOf(shape);
  const out = zeros(shape);
  for (let flat = 0; flat < out.data.length; flat++) {
    const at = perm.reduce((sum, axis, i) => sum + (Math.floor(flat / to[i]!) % shape[i]!) * from[axis]!, 0);
    out.data[flat] = x.data[at]!;
  }
  return out;
}

const last = (x: NdArray): NdArray => transposed(x, [0, 2, 3, 1]);
const first = (x: NdArray): NdArray => transposed(x, [0, 3, 1, 2]);

/** Every product of a convolution of x [N, H, W, C] with a filter [h, w, C, K] to y [N, H', W', K], as places in the three. */
function eachProduct(
  { attrs }: Node,
  [x, filter, y]: readonly (readonly number[])[],
  visit: (x: number, filter: number, y: number) => void,
): void {
  const { strides, dilations, pad } = attrs as { strides: number[]; dilations: number[]; pad: number[] };
  const [, height, width, channels] = x as [number, number, number, number];
  const [rows, columns, , filters] = filter as [number, number, number, number];
  const [count, outRows, outColumns] = y as [number, number, number];
  for (let n = 0; n < count; n++)
    for (let a = 0; a < outRows; a++)
      for (let b = 0; b < outColumns; b++)
        for (let i = 0; i < rows; i++)
          for (let j = 0; j < columns; j++) {
            const row = a * strides[0]! + i * dilations[0]! - pad[0]!;
            const column = b * strides[1]! + j * dilations[1]! - pad[2]!;
            if (row < 0 || row >= height || column < 0 || column >= width) continue;
            for (let c = 0; c < channels; c++)
              for (let k = 0; k < filters; k++)
                visit(
                  ((n * height + row) * width + column) * channels + c,
                  ((i * columns + j) * channels + c) * filters + k,
                  ((n * outRows + a) * outColumns + b) * filters + k,
                );
          }
}

function convolve(
  x: NdArray,
  filter: NdArray,
  bias: NdArray | undefined,
  node: Node,
  shape: readonly number[],
) {
  const sums = new Float64Array(sizeOf(shape));
  eachProduct(node, [x.shape, filter.shape, shape], (at, tap, to) => {
    sums[to]! += x.data[at]! * filter.data[tap]!;
  });
  const channels = shape[3]!;
  const data = Float32Array.from(sums, (sum, i) => sum + (bias ? bias.data[i % channels]! : 0));
  return { shape: [...shape], data };
}

function inputGradient(dy: NdArray, filter: NdArray, node: Node, shape: readonly number[]): NdArray {
  const sums = new Float64Array(sizeOf(shape));
  eachProduct(node, [shape, filter.shape, dy.shape], (to, tap, at) => {
    sums[to]! += dy.data[at]! * filter.data[tap]!;
  });
  return { shape: [...shape], data: Float32Array.from(sums) };
}

function filterGradient(x: NdArray, dy: NdArray, node: Node, shape: readonly number[]): NdArray {
  const sums = new Float64Array(sizeOf(shape));
  eachProduct(node, [x.shape, shape, dy.shape], (at, to, from) => {
    sums[to]! += x.data[at]! * dy.data[from]!;
  });
  return { shape: [...shape], data: Float32Array.from(sums) };
}

const inFirst = ({ attrs }: Node): boolean => attrs['dataFormat'] === 'NCHW';
/** [K, C, h, w] → [h, w, C, K]. */
const turned = (filter: NdArray): NdArray => transposed(filter, [2, 3, 1, 0]);
const lastShape = (shape: readonly number[]): number[] => [0, 2, 3, 1].map((axis) => shape[axis]!);

function multiply(a: NdArray, b: NdArray, { attrs }: Node, shape: readonly number[]): NdArray {
  const { transposeA, transposeB } = attrs as { transposeA: boolean; transposeB: boolean };
  const inner = a.shape.at(transposeA ? -2 : -1)!;
  const batch = shape.slice(0, -2);
  const readA = broadcastReader(a, [...batch, ...a.shape.slice(-2)]);
  const readB = broadcastReader(b, [...batch, ...b.shape.slice(-2)]);
  const out = zeros(shape);
  forEachIndex(shape, (index, flat) => {
    const [row, column] = index.slice(-2) as [number, number];
    const at = index.slice(0, -2);
    for (let k = 0, sum = 0; k < inner; k++) {
      sum +=
        readA([...at, ...(transposeA ? [k, row] : [row, k])]) *
        readB([...at, ...(transposeB ? [column, k] : [k, column])]);
      out.data[flat] = sum;
    }
  });
  return out;
}

/** Mean and variance of each channel, the last axis, in double precision. */
function moments(x: NdArray, channels: number): { mean: Float64Array; variance: Float64Array } {
  const count = x.data.length / channels;
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  x.data.forEach((value, i) => (mean[i % channels]! += value / count));
  x.data.forEach((value, i) => (variance[i % channels]! += (value - mean[i % channels]!) ** 2 / count));
  return { mean, variance };
}

/** [N, C/b, H, W, b] → [N, H, W, C]. */
function unblocked(x: NdArray): NdArray {
  const [images, blocks, rows, columns, block] = x.shape as [number, number, number, number, number];
  return { shape: [images, rows, columns, blocks * block], data: transposed(x, [0, 2, 3, 1, 4]).data };
}

/** [N, H, W, C] → [N, C/b, H, W, b], as the last axis of `shape` says. */
function blocked(
  { shape: [images, rows, columns, channels], data }: NdArray,
  shape: readonly number[],
): NdArray {
  const block = shape[4]!;
  return transposed({ shape: [images!, rows!, columns!, channels! / block, block], data }, [0, 3, 1, 2, 4]);
}

const withData = (x: NdArray, fn: (value: number, i: number) => number): NdArray => ({
  shape: x.shape,
  data: Float32Array.from(x.data, fn),
});

const added = (x: NdArray, sum: NdArray | undefined): NdArray =>
  sum ? withData(x, (value, i) => value + sum.data[i]!) : x;

/** `count` of the last axis from `start`. */
function channelsOf(x: NdArray, start: number, count: number): NdArray {
  const all = x.shape.at(-1)!;
  const data = x.data.filter((_: number, i: number) => i % all >= start && i % all < start + count);
  return { shape: [...x.shape.slice(0, -1), count], data };
}

/** A convolution for each group of channels; filters lie as [K/b, C/b, taps, b, b], or [K/b, C, taps, b] for fewer channels. */
const blockedConvolution: Kernel = ([x, filter, ...more], node, [shape]) => {
  const {
    kernel,
    channels,
    group = 1,
    bias,
    sum,
  } = node.attrs as unknown as {
    kernel: [number, number];
    channels: number;
    group?: number;
    bias: boolean;
    sum: boolean;
  };
  const [images, blocks, rows, columns, block] = shape as [number, number, number, number, number];
  const taps = kernel[0] * kernel[1];
  const outputs = (blocks * block) / group;
  const image = x!.shape.length === 5 ? unblocked(x!) : last(x!);
  const inner = channels < block ? channels : block;
  const parts = Array.from({ length: group }, (_, g): NdArray => {
    const data = filter!.data.slice(g * taps * channels * outputs, (g + 1) * taps * channels * outputs);
    const split = { shape: [outputs / block, channels / inner, taps, inner, block], data };
    const arranged =
      channels < block ? { ...split, shape: [outputs / block, 1, channels, taps, block] } : split;
    const plain = transposed(arranged, channels < block ? [3, 1, 2, 0, 4] : [2, 1, 3, 0, 4]);
    const weights = { shape: [...kernel, channels, outputs], data: plain.data };
    return convolve(channelsOf(image, g * channels, channels), weights, undefined, node, [images, rows, columns, outputs]); // prettier-ignore
  });
  const all = parts.reduce((a, b) => joined(a, b));
  const vector = bias ? more[0]! : undefined;
  const biased = vector ? withData(all, (value, i) => value + vector.data[i % (blocks * block)]!) : all;
  return [added(blocked(biased, shape!), sum ? more.at(-1) : undefined)];
};

/** Along the last axis. */
function joined(a: NdArray, b: NdArray): NdArray {
  const [first, second] = [a.shape.at(-1)!, b.shape.at(-1)!];
  const all = first + second;
  const data = Float32Array.from({ length: a.data.length + b.data.length }, (_, i) => {
    const [place, channel] = [Math.floor(i / all), i % all];
    return channel < first ? a.data[place * first + channel]! : b.data[place * second + channel - first]!;
  });
  return { shape: [...a.shape.slice(0, -1), all], data };
}

/** Operators on values in blocks; see src/graph/layouts/blocked/ops.ts. */
const blockedKernels: Record<string, Kernel> = {
  ToBlocks: ([x], { attrs }, [shape]) => [blocked(attrs['channelsLast'] ? x! : last(x!), shape!)],
  FromBlocks: ([x], { attrs }) => [attrs['channelsLast'] ? unblocked(x!) : first(unblocked(x!))],
  BlockedConv2D: blockedConvolution,
  BlockedScale: ([x, scale, shift, sum], { attrs }) => {
    const channels = scale!.data.length;
    const scaled = withData(unblocked(x!), (value, i) => value * scale!.data[i % channels]! + shift!.data[i % channels]!); // prettier-ignore
    const all = added(blocked(scaled, x!.shape), sum);
    return [attrs['relu'] ? withData(all, (value) => Math.max(value, 0)) : all];
  },
  BlockedSum: ([x], { attrs }, [shape]) => {
    const { data } = unblocked(x!);
    const channels = sizeOf(shape!);
    const sums = new Float64Array(channels);
    data.forEach((value: number, i: number) => (sums[i % channels]! += value));
    const count = attrs['mean'] ? data.length / channels : 1;
    return [{ shape: [...shape!], data: Float32Array.from(sums, (sum) => sum / count) }];
  },
  TransformRows: ([x, matrix], { attrs }, [shape]) => {
    const groups = attrs['groups'] as number;
    const [rows, columns] = matrix!.shape as [number, number];
    const rest = x!.data.length / groups / columns;
    const data = new Float32Array(sizeOf(shape!));
    for (let i = 0; i < data.length; i++) {
      const [g, r, at] = [Math.floor(i / rest / rows), Math.floor(i / rest) % rows, i % rest];
      for (let k = 0; k < columns; k++)
        data[i]! += matrix!.data[r * columns + k]! * x!.data[(g * columns + k) * rest + at]!;
    }
    return [{ shape: [...shape!], data }];
  },
};

const kernels: Record<string, Kernel> = {
  ...blockedKernels,
  BatchMatMul: ([a, b], node, [shape]) => [multiply(a!, b!, node, shape!)],
  Conv2D: ([x, filter, bias], node, [shape]) =>
    inFirst(node)
      ? [first(convolve(last(x!), turned(filter!), bias, node, lastShape(shape!)))]
      : [convolve(x!, filter!, bias, node, shape!)],
  Conv2DBackpropInput: ([dy, filter], node, [shape]) =>
    inFirst(node)
      ? [first(inputGradient(last(dy!), turned(filter!), node, lastShape(shape!)))]
      : [inputGradient(dy!, filter!, node, shape!)],
  /** The output's gradient stays NHWC. */
  Conv2DBackpropFilter: ([x, dy], node, [shape]) => [
    filterGradient(inFirst(node) ? last(x!) : x!, dy!, node, shape!),
  ],
  /** Kingma & Ba 2015, with ε added to the root of the uncorrected moment. */
  FusedAdam: ([param, m, v, gradient, rate, power1, power2], { attrs }) => {
    const { beta1, beta2, epsilon } = attrs as { beta1: number; beta2: number; epsilon: number };
    const [next, first1, second] = [zeros(param!.shape), zeros(param!.shape), zeros(param!.shape)];
    const step = (rate!.data[0]! * Math.sqrt(1 - power2!.data[0]!)) / (1 - power1!.data[0]!);
    param!.data.forEach((value, i) => {
      const g = gradient!.data[i]!;
      first1.data[i] = beta1 * m!.data[i]! + (1 - beta1) * g;
      second.data[i] = beta2 * v!.data[i]! + (1 - beta2) * g * g;
      next.data[i] = value - (step * first1.data[i]) / (Math.sqrt(second.data[i]) + epsilon);
    });
    return [next, first1, second];
  },
  BatchNormTraining: ([x, gain, bias], { attrs }) => {
    const channels = gain!.data.length;
    const { mean, variance } = moments(x!, channels);
    const data = Float32Array.from(x!.data, (value, i) => {
      const c = i % channels;
      const scale = gain!.data[c]! / Math.sqrt(variance[c]! + (attrs['epsilon'] as number));
      return (value - mean[c]!) * scale + bias!.data[c]!;
    });
    const vector = (values: Float64Array): NdArray => ({
      shape: [channels],
      data: Float32Array.from(values),
    });
    return [{ shape: [...x!.shape], data }, vector(mean), vector(variance)];
  },
  /** By the chain rule through mean and variance, in the order of Ioffe & Szegedy 2015, section 3. */
  BatchNormTrainingGrad: ([dy, x, gain], { attrs }) => {
    const channels = gain!.data.length;
    const count = x!.data.length / channels;
    const epsilon = attrs['epsilon'] as number;
    const { mean, variance } = moments(x!, channels);
    const [dVariance, dMean, dGain, dBias] = [0, 1, 2, 3].map(() => new Float64Array(channels)) as [
      Float64Array, Float64Array, Float64Array, Float64Array,
    ]; // prettier-ignore
    dy!.data.forEach((d, i) => {
      const c = i % channels;
      const deviation = Math.sqrt(variance[c]! + epsilon);
      const centred = x!.data[i]! - mean[c]!;
      dVariance[c]! -= (d * gain!.data[c]! * centred) / (2 * deviation ** 3);
      dMean[c]! -= (d * gain!.data[c]!) / deviation;
      dGain[c]! += (d * centred) / deviation;
      dBias[c]! += d;
    });
    const data = Float32Array.from(dy!.data, (d, i) => {
      const c = i % channels;
      const direct = (d * gain!.data[c]!) / Math.sqrt(variance[c]! + epsilon);
      return direct + (dVariance[c]! * 2 * (x!.data[i]! - mean[c]!) + dMean[c]!) / count;
    });
    const vector = (values: Float64Array): NdArray => ({
      shape: [channels],
      data: Float32Array.from(values),
    });
    return [{ shape: [...x!.shape], data }, vector(dGain), vector(dBias)];
  },
  ChannelNorm: ([x, scale, shift]) => {
    const [, channels, height, width] = x!.shape as [number, number, number, number];
    const channelOf = (i: number): number => Math.floor(i / (height * width)) % channels;
    const data = Float32Array.from(
      x!.data,
      (value, i) => value * scale!.data[channelOf(i)]! + shift!.data[channelOf(i)]!,
    );
    return [{ shape: [...x!.shape], data }];
  },
};
