/**
 * Tables of names: which tensor of a library's file is which tensor of our flow, and how its axes are arranged. One
 * table serves both ways, so that what is read from a library can be written back for it.
 */
import { gather, stridesOf } from '../../base/shape';
import { UserError } from '../../base/user-error';
import type { NdArray } from '../../protocol/tensors';
import type { TensorFile } from './types';

type Values = NdArray<Float32Array>;

/**
 * - `same`: unchanged
 * - `transpose`: dense weight [out, in] → [in, out]
 * - `kernel`: convolution [out, in, kh, kw] → [kh, kw, in, out]
 * - `pixel-kernel`: dense weight [out, in] as a 1×1 convolution → [1, 1, in, out]
 * - `length`: lengths of weight normalization [out, 1, 1, 1] → [out]
 * - `row`: [1, D] → [D]
 * - `flat`: all but one of the axes are 1, such as [1, C, 1, 1] → [C]; written back as [1, C, 1, 1]
 * - `signed-length`: two tensors, g and v [C, 1, 1] → [C], the weight-normalized g·v/|v|; written back as g with v = 1
 */
export type TransformName =
  'same' | 'transpose' | 'kernel' | 'pixel-kernel' | 'length' | 'row' | 'flat' | 'signed-length';

export interface Renaming {
  /** In the file; two for `signed-length`. */
  theirs: string | readonly string[];
  /** In our flow. */
  ours: string;
  transform: TransformName;
}

interface Transform {
  /** Number of axes of each tensor in the file; any where absent. */
  rank?: number;
  /** What the axes are, for messages. */
  axes: string;
  toOurs(theirs: readonly Values[]): Values;
  toTheirs(ours: Values): Values[];
}

const flat = (x: Values): Values => ({ shape: [x.data.length], data: x.data });

/** The axes in another order. */
const turned = (axes: string, toOurs: readonly number[], toTheirs: readonly number[]): Transform => ({
  rank: toOurs.length,
  axes,
  toOurs: ([x]) => permuteAxes(x!, toOurs),
  toTheirs: (x) => [permuteAxes(x, toTheirs)],
});

/** One axis, which is one of several in the file. @param shape there, of so many values */
const lined = (axes: string, shape: (length: number) => number[], rank?: number): Transform => ({
  ...(rank === undefined ? {} : { rank }),
  axes,
  toOurs: ([x]) => flat(x!),
  toTheirs: ({ data }) => [{ shape: shape(data.length), data }],
});

const transforms: Record<TransformName, Transform> = {
  same: { axes: 'any', toOurs: ([x]) => x!, toTheirs: (x) => [x] },
  transpose: turned('[out, in]', [1, 0], [1, 0]),
  kernel: turned('[out, in, height, width]', [2, 3, 1, 0], [3, 2, 0, 1]),
  'pixel-kernel': {
    rank: 2,
    axes: '[out, in]',
    toOurs: ([x]) => {
      const { shape, data } = permuteAxes(x!, [1, 0]);
      return { shape: [1, 1, ...shape], data };
    },
    toTheirs: ({ shape, data }) => [permuteAxes({ shape: shape.slice(2), data }, [1, 0])],
  },
  flat: lined('any', (length) => [1, length, 1, 1]),
  length: lined('[out, 1, 1, 1]', (length) => [length, 1, 1, 1], 4),
  row: lined('[1, features]', (length) => [1, length], 2),
  'signed-length': {
    rank: 3,
    axes: '[channels, 1, 1]',
    toOurs: ([g, v]) =>
      flat({ shape: [], data: g!.data.map((length, i) => length * Math.sign(v!.data[i]!)) }),
    toTheirs: (x) => [
      { shape: [x.data.length, 1, 1], data: x.data },
      { shape: [x.data.length, 1, 1], data: new Float32Array(x.data.length).fill(1) },
    ],
  },
};

/** Names in the file, one or two. */
export function theirNames({ theirs }: Renaming): readonly string[] {
  return typeof theirs === 'string' ? [theirs] : theirs;
}

/** The same tensors below a prefix on each side; prefixes end in a dot, or are empty. */
export function under(theirPrefix: string, ourPrefix: string, table: readonly Renaming[]): Renaming[] {
  return table.map(({ theirs, ours, transform }) => ({
    theirs: typeof theirs === 'string' ? theirPrefix + theirs : theirs.map((name) => theirPrefix + name),
    ours: ourPrefix + ours,
    transform,
  }));
}

/** What norms of PyTorch learn. */
export const normNames: readonly Renaming[] = [
  { theirs: 'weight', ours: 'gain', transform: 'same' },
  { theirs: 'bias', ours: 'bias', transform: 'same' },
];

/** PyTorch's batch norm; `num_batches_tracked` has no counterpart. */
export const batchNormNames: readonly Renaming[] = [...normNames, ...runningNames()];

/** Its running statistics alone. */
export function runningNames(): Renaming[] {
  return [
    { theirs: 'running_mean', ours: 'mean', transform: 'same' },
    { theirs: 'running_var', ours: 'variance', transform: 'same' },
  ];
}

/** PyTorch's Linear. */
export const linearNames: readonly Renaming[] = [
  { theirs: 'weight', ours: 'weight', transform: 'transpose' },
  { theirs: 'bias', ours: 'bias', transform: 'same' },
];

/** PyTorch's Conv2d. */
export const convolutionNames: readonly Renaming[] = [
  { theirs: 'weight', ours: 'weight', transform: 'kernel' },
  { theirs: 'bias', ours: 'bias', transform: 'same' },
];

/** PyTorch's Conv2d under its older weight normalization. */
export function weightNormedConvolutionNames(bias: boolean): Renaming[] {
  return [
    { theirs: 'weight_v', ours: 'v', transform: 'kernel' },
    { theirs: 'weight_g', ours: 'g', transform: 'length' },
    ...(bias ? [{ theirs: 'bias', ours: 'bias', transform: 'same' } as const] : []),
  ];
}

/**
 * Reads the tensors of a table, under our names and in our layouts.
 * @throws UserError naming the tensor that is missing or has other axes
 */
export async function readOurs(
  file: TensorFile,
  table: readonly Renaming[],
): Promise<Record<string, Values>> {
  const missing = table.flatMap(theirNames).filter((name) => !file.tensors.has(name));
  if (missing.length > 0) {
    const more = missing.length > 3 ? ` and ${missing.length - 3} more` : '';
    throw new UserError(
      `${file.file}: lacks the tensors ${missing.slice(0, 3).join(', ')}${more}, without which the flow is not ` +
        `complete. Save the whole state_dict() again.`,
    );
  }
  const ours: Record<string, Values> = {};
  for (const renaming of table) {
    const transform = transforms[renaming.transform];
    const values: Values[] = [];
    file.reading?.(renaming.ours);
    for (const name of theirNames(renaming)) {
      const tensor = await file.read(name);
      if (transform.rank !== undefined && tensor.shape.length !== transform.rank) {
        throw new UserError(
          `${file.file}: the tensor "${name}" has the shape [${tensor.shape.join(', ')}]; expected ${transform.axes}.`,
        );
      }
      values.push(tensor);
    }
    file.reading?.(undefined);
    if (values.some(({ data }) => data.length !== values[0]!.data.length)) {
      throw new UserError(`${file.file}: ${theirNames(renaming).join(' and ')} are not of one length.`);
    }
    ours[renaming.ours] = transform.toOurs(values);
  }
  return ours;
}

/**
 * A tensor of one number for each of `count` features, or of one for all.
 * @throws UserError when it has others
 */
export async function ofFeatures(file: TensorFile, name: string, count: number): Promise<Float32Array> {
  const { data } = await file.read(name);
  if (data.length === 1) return new Float32Array(count).fill(data[0]!);
  if (data.length === count) return data;
  throw new UserError(`${file.file}: ${name} has ${data.length} numbers; expected 1 or ${count}.`);
}

/** The way back: the tensors of a table under the library's names and in its layouts. */
export function writeTheirs(
  tensors: Readonly<Record<string, NdArray>>,
  table: readonly Renaming[],
): Record<string, Values> {
  const theirs: Record<string, Values> = {};
  for (const renaming of table) {
    const tensor = tensors[renaming.ours];
    if (!tensor) throw new Error(`The flow has no tensor "${renaming.ours}".`);
    const values = { shape: tensor.shape, data: Float32Array.from(tensor.data) };
    const parts = transforms[renaming.transform].toTheirs(values);
    theirNames(renaming).forEach((name, i) => (theirs[name] = parts[i]!));
  }
  return theirs;
}

/** Axis i of the result is axis `order[i]` of `x`; row-major. */
export function permuteAxes({ shape, data }: Values, order: readonly number[]): Values {
  if (order.length === 2 && order[0] === 1) return transposed(shape[0]!, shape[1]!, data);
  const given = stridesOf(shape);
  const strides = order.map((axis) => given[axis]!);
  const moved = order.map((axis) => shape[axis]!);
  return { shape: moved, data: gather(data, { shape: moved, strides }) };
}

/** In blocks, which is several times faster for large matrices: both sides stay in the processor's cache. */
function transposed(rows: number, columns: number, data: Float32Array): Values {
  const block = 16;
  const out = new Float32Array(data.length);
  for (let top = 0; top < rows; top += block) {
    const bottom = Math.min(top + block, rows);
    for (let left = 0; left < columns; left += block) {
      const right = Math.min(left + block, columns);
      for (let row = top; row < bottom; row++) {
        for (let column = left; column < right; column++) {
          out[column * rows + row] = data[row * columns + column]!;
        }
      }
    }
  }
  return { shape: [columns, rows], data: out };
}
