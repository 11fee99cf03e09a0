/** Kernels that move elements about, or make them, without arithmetic. */
import { UserError } from '../../base/user-error';
import { type DType, type Value, normalizeAxis, sameShape, showShape } from '../ir';
import { sizeOf } from '../../base/shape';
import { shaped, type Attrs, type KernelRules } from './rule';

function resolveShape(x: Value, shape: readonly number[]): number[] {
  const known = shape.filter((dim) => dim !== -1);
  const rest = sizeOf(x.shape) / sizeOf(known);
  const resolved = shape.map((dim) => (dim === -1 ? rest : dim));
  if (shape.length - known.length > 1 || sizeOf(resolved) !== sizeOf(x.shape) || !Number.isInteger(rest))
    throw new UserError(`A tensor of shape ${showShape(x.shape)} cannot be reshaped to ${showShape(shape)}.`);
  return resolved;
}

function axisOf({ axis }: Attrs, rank: number): number {
  return normalizeAxis((axis as number | undefined) ?? 0, rank);
}

export const arrangeRules: KernelRules = {
  Identity: { inputs: ['x'], infer: ([x]) => ({ outputs: [x!], alias: true }) },
  Cast: {
    inputs: ['x'],
    infer: ([x], attrs) => {
      const dtype = attrs['dtype'] as DType;
      if (!['float32', 'int32', 'bool'].includes(dtype))
        throw new UserError(`A cast to ${dtype} cannot be traced; float32, int32 and bool can.`);
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
  ExpandDims: shaped(['input'], ([x], { dim }) => {
    const axis = normalizeAxis(dim as number, x!.shape.length + 1);
    return [x!.shape.toSpliced(axis, 0, 1)];
  }),
  Transpose: shaped(['x'], ([x], attrs) => {
    const perm = (attrs['perm'] as number[]).map((axis) => normalizeAxis(axis, x!.shape.length));
    return [perm.map((axis) => x!.shape[axis]!), { perm }];
  }),
  Concat: shaped('list', (inputs, attrs) => {
    const { shape } = inputs[0]!;
    const axis = axisOf(attrs, shape.length);
    const dim = inputs.reduce((sum, input) => sum + input.shape[axis]!, 0);
    return [shape.with(axis, dim), { axis }];
  }),
  Pack: shaped('list', (inputs, attrs) => {
    const { shape } = inputs[0]!;
    const axis = axisOf(attrs, shape.length + 1);
    return [shape.toSpliced(axis, 0, inputs.length), { axis }];
  }),
  Unpack: {
    inputs: ['value'],
    infer: ([x], attrs) => {
      const axis = axisOf(attrs, x!.shape.length);
      const output = { shape: x!.shape.toSpliced(axis, 1), dtype: x!.dtype };
      return { outputs: Array.from({ length: x!.shape[axis]! }, () => output), attrs: { axis } };
    },
  },
  SplitV: {
    inputs: ['x'],
    infer: ([x], attrs) => {
      const axis = axisOf(attrs, x!.shape.length);
      const dim = x!.shape[axis]!;
      const parts = attrs['numOrSizeSplits'] as number | number[];
      const known = typeof parts === 'number' ? Array<number>(parts).fill(dim / parts) : parts;
      const rest = dim - known.reduce((sum, size) => sum + Math.max(size, 0), 0);
      const sizes = known.map((size) => (size === -1 ? rest : size));
      if (sizes.some((size) => !Number.isInteger(size)) || sizes.reduce((a, b) => a + b, 0) !== dim)
        throw new UserError(`Axis ${axis} of ${showShape(x!.shape)} cannot be split into ${String(parts)}.`);
      const outputs = sizes.map((size) => ({ shape: x!.shape.with(axis, size), dtype: x!.dtype }));
      return { outputs, attrs: { axis, sizes } };
    },
  },
  Slice: shaped(['x'], ([x], attrs) => {
    const begins = [attrs['begin'] as number | number[]].flat();
    const sizes = [(attrs['size'] as number | number[] | undefined) ?? []].flat();
    const begin = x!.shape.map((_, i) => begins[i] ?? 0);
    const size = x!.shape.map((dim, i) =>
      sizes[i] === undefined || sizes[i] < 0 ? dim - begin[i]! : sizes[i],
    );
    if (begin.some((b, i) => b < 0 || size[i]! < 0 || b + size[i]! > x!.shape[i]!)) {
      throw new UserError(
        `A slice from ${showShape(begin)} of size ${showShape(size)} lies outside ${showShape(x!.shape)}.`,
      );
    }
    return [size, { begin, size }];
  }),
  PadV2: shaped(['x'], ([x], attrs) => {
    const paddings = attrs['paddings'] as [number, number][];
    const shape = x!.shape.map((dim, i) => dim + paddings[i]![0] + paddings[i]![1]);
    return [shape, { paddings, constantValue: attrs['constantValue'] ?? 0 }];
  }),
  GatherV2: shaped(['x', 'indices'], ([x, indices], attrs) => {
    const axis = axisOf(attrs, x!.shape.length);
    if (attrs['batchDims']) throw new UserError('gather() with batchDims cannot be traced. Use batchDims 0.');
    return [x!.shape.toSpliced(axis, 1, ...indices!.shape), { axis }];
  }),
  UnsortedSegmentSum: shaped(['x', 'segmentIds'], ([x, ids], attrs) => {
    const numSegments = attrs['numSegments'] as number;
    return [[numSegments, ...x!.shape.slice(ids!.shape.length)], { numSegments }];
  }),
  Tile: shaped(['x'], ([x], attrs) => {
    const reps = attrs['reps'] as number[];
    return [x!.shape.map((dim, i) => dim * reps[i]!), { reps }];
  }),
  BroadcastTo: shaped(['x'], (_, { shape }) => [shape as number[]]),
  Fill: {
    inputs: [],
    infer: (_, attrs) => ({
      outputs: [
        { shape: attrs['shape'] as number[], dtype: (attrs['dtype'] as DType | undefined) ?? 'float32' },
      ],
      attrs: { value: Number(attrs['value']) },
    }),
  },
  ZerosLike: shaped(['x'], ([x]) => [x!.shape]),
  OnesLike: shaped(['x'], ([x]) => [x!.shape]),
};
