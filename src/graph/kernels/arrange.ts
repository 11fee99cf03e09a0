/** Kernels that move elements about, or make them, without arithmetic. */
import { UserError } from '../../base/user-error';
import type { DType, Value } from '../ir';
import { normalizeAxes, normalizeAxis, sameShape, showShape } from '../shape';
import { sizeOf } from '../../base/shape';
import type { KernelRules } from './rule';

function resolveShape(x: Value, shape: readonly number[]): number[] {
  const known = shape.filter((dim) => dim !== -1);
  const rest = sizeOf(x.shape) / sizeOf(known);
  const resolved = shape.map((dim) => (dim === -1 ? rest : dim));
  if (shape.length - known.length > 1 || sizeOf(resolved) !== sizeOf(x.shape) || !Number.isInteger(rest)) {
    throw new UserError(`A tensor of shape ${showShape(x.shape)} cannot be reshaped to ${showShape(shape)}.`);
  }
  return resolved;
}

function without(shape: readonly number[], axis: number): number[] {
  return shape.filter((_, i) => i !== axis);
}

function resized(shape: readonly number[], axis: number, dim: number): number[] {
  return shape.map((old, i) => (i === axis ? dim : old));
}

export const arrangeRules: KernelRules = {
  Identity: { inputs: ['x'], infer: ([x]) => ({ outputs: [x!], alias: true }) },
  Cast: {
    inputs: ['x'],
    infer: ([x], attrs) => {
      const dtype = attrs['dtype'] as DType;
      if (!['float32', 'int32', 'bool'].includes(dtype)) {
        throw new UserError(`A cast to ${dtype} cannot be traced; float32, int32 and bool can.`);
      }
      return { outputs: [{ shape: x!.shape, dtype }], attrs: { dtype }, alias: dtype === x!.dtype };
    },
  },
  Reshape: {
    inputs: ['x'],
    infer: ([x], attrs) => {
      const shape = resolveShape(x!, attrs['shape'] as number[]);
      return { outputs: [{ shape, dtype: x!.dtype }], attrs: {}, alias: sameShape(shape, x!.shape) };
    },
  },
  ExpandDims: {
    inputs: ['input'],
    infer: ([x], attrs) => {
      const axis = normalizeAxis(attrs['dim'] as number, x!.shape.length + 1);
      const shape = [...x!.shape.slice(0, axis), 1, ...x!.shape.slice(axis)];
      return { outputs: [{ shape, dtype: x!.dtype }], attrs: {} };
    },
  },
  Transpose: {
    inputs: ['x'],
    infer: ([x], attrs) => {
      const perm = (attrs['perm'] as number[]).map((axis) => normalizeAxis(axis, x!.shape.length));
      return { outputs: [{ shape: perm.map((axis) => x!.shape[axis]!), dtype: x!.dtype }], attrs: { perm } };
    },
  },
  Concat: {
    inputs: 'list',
    infer: (inputs, attrs) => {
      const [first] = inputs;
      const axis = normalizeAxis((attrs['axis'] as number | undefined) ?? 0, first!.shape.length);
      const dim = inputs.reduce((sum, input) => sum + input.shape[axis]!, 0);
      return { outputs: [{ shape: resized(first!.shape, axis, dim), dtype: first!.dtype }], attrs: { axis } };
    },
  },
  Pack: {
    inputs: 'list',
    infer: (inputs, attrs) => {
      const [first] = inputs;
      const axis = normalizeAxis((attrs['axis'] as number | undefined) ?? 0, first!.shape.length + 1);
      const shape = [...first!.shape.slice(0, axis), inputs.length, ...first!.shape.slice(axis)];
      return { outputs: [{ shape, dtype: first!.dtype }], attrs: { axis } };
    },
  },
  Unpack: {
    inputs: ['value'],
    infer: ([x], attrs) => {
      const axis = normalizeAxis((attrs['axis'] as number | undefined) ?? 0, x!.shape.length);
      const output = { shape: without(x!.shape, axis), dtype: x!.dtype };
      return { outputs: Array.from({ length: x!.shape[axis]! }, () => output), attrs: { axis } };
    },
  },
  SplitV: {
    inputs: ['x'],
    infer: ([x], attrs) => {
      const axis = normalizeAxis((attrs['axis'] as number | undefined) ?? 0, x!.shape.length);
      const dim = x!.shape[axis]!;
      const parts = attrs['numOrSizeSplits'] as number | number[];
      const known = typeof parts === 'number' ? Array<number>(parts).fill(dim / parts) : parts;
      const rest = dim - known.reduce((sum, size) => sum + Math.max(size, 0), 0);
      const sizes = known.map((size) => (size === -1 ? rest : size));
      if (sizes.some((size) => !Number.isInteger(size)) || sizes.reduce((a, b) => a + b, 0) !== dim) {
        throw new UserError(`Axis ${axis} of ${showShape(x!.shape)} cannot be split into ${String(parts)}.`);
      }
      const outputs = sizes.map((size) => ({ shape: resized(x!.shape, axis, size), dtype: x!.dtype }));
      return { outputs, attrs: { axis, sizes } };
    },
  },
  Slice: {
    inputs: ['x'],
    infer: ([x], attrs) => {
      const given = [attrs['begin'] as number | number[]].flat();
      const sizes = [(attrs['size'] as number | number[] | undefined) ?? []].flat();
      const begin = x!.shape.map((_, i) => given[i] ?? 0);
      const size = x!.shape.map((dim, i) =>
        sizes[i] === undefined || sizes[i] < 0 ? dim - begin[i]! : sizes[i],
      );
      if (begin.some((b, i) => b < 0 || size[i]! < 0 || b + size[i]! > x!.shape[i]!)) {
        throw new UserError(
          `A slice from ${showShape(begin)} of size ${showShape(size)} lies outside ${showShape(x!.shape)}.`,
        );
      }
      return { outputs: [{ shape: size, dtype: x!.dtype }], attrs: { begin, size } };
    },
  },
  PadV2: {
    inputs: ['x'],
    infer: ([x], attrs) => {
      const paddings = attrs['paddings'] as [number, number][];
      const shape = x!.shape.map((dim, i) => dim + paddings[i]![0] + paddings[i]![1]);
      return {
        outputs: [{ shape, dtype: x!.dtype }],
        attrs: { paddings, constantValue: attrs['constantValue'] ?? 0 },
      };
    },
  },
  GatherV2: {
    inputs: ['x', 'indices'],
    infer: ([x, indices], attrs) => {
      const axis = normalizeAxis((attrs['axis'] as number | undefined) ?? 0, x!.shape.length);
      if (attrs['batchDims'])
        throw new UserError('gather() with batchDims cannot be traced. Use batchDims 0.');
      const shape = [...x!.shape.slice(0, axis), ...indices!.shape, ...x!.shape.slice(axis + 1)];
      return { outputs: [{ shape, dtype: x!.dtype }], attrs: { axis } };
    },
  },
  UnsortedSegmentSum: {
    inputs: ['x', 'segmentIds'],
    infer: ([x, ids], attrs) => {
      const numSegments = attrs['numSegments'] as number;
      const shape = [numSegments, ...x!.shape.slice(ids!.shape.length)];
      return { outputs: [{ shape, dtype: x!.dtype }], attrs: { numSegments } };
    },
  },
  Tile: {
    inputs: ['x'],
    infer: ([x], attrs) => {
      const reps = attrs['reps'] as number[];
      return {
        outputs: [{ shape: x!.shape.map((dim, i) => dim * reps[i]!), dtype: x!.dtype }],
        attrs: { reps },
      };
    },
  },
  BroadcastTo: {
    inputs: ['x'],
    infer: ([x], attrs) => ({ outputs: [{ shape: attrs['shape'] as number[], dtype: x!.dtype }], attrs: {} }),
  },
  Reverse: {
    inputs: ['x'],
    infer: ([x], attrs) => ({
      outputs: [x!],
      attrs: { axis: normalizeAxes(attrs['dims'] as number[], x!.shape.length) },
    }),
  },
  Fill: {
    inputs: [],
    infer: (_, attrs) => ({
      outputs: [
        { shape: attrs['shape'] as number[], dtype: (attrs['dtype'] as DType | undefined) ?? 'float32' },
      ],
      attrs: { value: Number(attrs['value']) },
    }),
  },
  ZerosLike: { inputs: ['x'], infer: ([x]) => ({ outputs: [x!], attrs: {} }) },
  OnesLike: { inputs: ['x'], infer: ([x]) => ({ outputs: [x!], attrs: {} }) },
};
