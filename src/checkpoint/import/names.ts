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
  library: string | readonly string[];
  /** In our flow. */
  flowscope: string;
  transform: TransformName;
  /** In the file, where sizes that are known give it. */
  shape?: readonly number[];
}

interface Transform {
  /** Number of axes of each tensor in the file; any where absent. */
  rank?: number;
  /** What the axes are, for messages. */
  axes: string;
  toFlowscope(tensors: readonly Values[]): Values;
  toLibrary(tensor: Values): Values[];
}

const flat = (x: Values): Values => ({ shape: [x.data.length], data: x.data });

/** The axes in another order. */
const turned = (axes: string, order: readonly number[], inverse: readonly number[]): Transform => ({
  rank: order.length,
  axes,
  toFlowscope: ([x]) => permuteAxes(x!, order),
  toLibrary: (x) => [permuteAxes(x, inverse)],
});

/** One axis, which is one of several in the file. @param shape there, of so many values */
const lined = (axes: string, shape: (length: number) => number[], rank?: number): Transform => ({
  ...(rank === undefined ? {} : { rank }),
  axes,
  toFlowscope: ([x]) => flat(x!),
  toLibrary: ({ data }) => [{ shape: shape(data.length), data }],
});

const transforms: Record<TransformName, Transform> = {
  same: { axes: 'any', toFlowscope: ([x]) => x!, toLibrary: (x) => [x] },
  transpose: turned('[out, in]', [1, 0], [1, 0]),
  kernel: turned('[out, in, height, width]', [2, 3, 1, 0], [3, 2, 0, 1]),
  'pixel-kernel': {
    rank: 2,
    axes: '[out, in]',
    toFlowscope: ([x]) => {
      const { shape, data } = permuteAxes(x!, [1, 0]);
      return { shape: [1, 1, ...shape], data };
    },
    toLibrary: ({ shape, data }) => [permuteAxes({ shape: shape.slice(2), data }, [1, 0])],
  },
  flat: lined('any', (length) => [1, length, 1, 1]),
  length: lined('[out, 1, 1, 1]', (length) => [length, 1, 1, 1], 4),
  row: lined('[1, features]', (length) => [1, length], 2),
  'signed-length': {
    rank: 3,
    axes: '[channels, 1, 1]',
    toFlowscope: ([g, v]) =>
      flat({ shape: [], data: g!.data.map((length, i) => length * Math.sign(v!.data[i]!)) }),
    toLibrary: (x) => [
      { shape: [x.data.length, 1, 1], data: x.data },
      { shape: [x.data.length, 1, 1], data: new Float32Array(x.data.length).fill(1) },
    ],
  },
};

/** Names in the file, one or two. */
export function libraryNames({ library }: Renaming): readonly string[] {
  return typeof library === 'string' ? [library] : library;
}

/** The same tensors below a prefix on each side; prefixes end in a dot, or are empty. */
export function under(
  libraryPrefix: string,
  flowscopePrefix: string,
  table: readonly Renaming[],
): Renaming[] {
  return table.map(({ library, flowscope, ...how }) => ({
    library:
      typeof library === 'string' ? libraryPrefix + library : library.map((name) => libraryPrefix + name),
    flowscope: flowscopePrefix + flowscope,
    ...how,
  }));
}

/** What norms of PyTorch learn. */
export const normNames: readonly Renaming[] = [
  { library: 'weight', flowscope: 'gain', transform: 'same' },
  { library: 'bias', flowscope: 'bias', transform: 'same' },
];

/** PyTorch's batch norm; `num_batches_tracked` has no counterpart. */
export const batchNormNames: readonly Renaming[] = [...normNames, ...runningNames()];

/** Its running statistics alone. */
export function runningNames(): Renaming[] {
  return [
    { library: 'running_mean', flowscope: 'mean', transform: 'same' },
    { library: 'running_var', flowscope: 'variance', transform: 'same' },
  ];
}

/** PyTorch's Linear. */
export const linearNames: readonly Renaming[] = [
  { library: 'weight', flowscope: 'weight', transform: 'transpose' },
  { library: 'bias', flowscope: 'bias', transform: 'same' },
];

/** The same of a layer of these sizes. */
export function linearTable(inputs: number, outputs: number): Renaming[] {
  return linearNames.map((renaming) => ({
    ...renaming,
    shape: renaming.transform === 'transpose' ? [outputs, inputs] : [outputs],
  }));
}

/** PyTorch's Conv2d. */
export const convolutionNames: readonly Renaming[] = [
  { library: 'weight', flowscope: 'weight', transform: 'kernel' },
  { library: 'bias', flowscope: 'bias', transform: 'same' },
];

/** PyTorch's Conv2d under its older weight normalization. */
export function weightNormedConvolutionNames(bias: boolean): Renaming[] {
  return [
    { library: 'weight_v', flowscope: 'v', transform: 'kernel' },
    { library: 'weight_g', flowscope: 'g', transform: 'length' },
    ...(bias ? [{ library: 'bias', flowscope: 'bias', transform: 'same' } as const] : []),
  ];
}

/**
 * Reads the tensors of a table, under our names and in our layouts.
 * @throws UserError naming the tensor that is missing or has other axes
 */
export async function readTable(
  file: TensorFile,
  table: readonly Renaming[],
): Promise<Record<string, Values>> {
  const missing = table.flatMap(libraryNames).filter((name) => !file.tensors.has(name));
  if (missing.length > 0) {
    const more = missing.length > 3 ? ` and ${missing.length - 3} more` : '';
    throw new UserError(
      `${file.file}: lacks the tensors ${missing.slice(0, 3).join(', ')}${more}, without which the flow is not ` +
        `complete. Save the whole state_dict() again.`,
    );
  }
  const tensors: Record<string, Values> = {};
  for (const renaming of table) {
    const transform = transforms[renaming.transform];
    const values: Values[] = [];
    file.reading?.(renaming.flowscope);
    for (const name of libraryNames(renaming)) {
      const tensor = await file.read(name);
      if (transform.rank !== undefined && tensor.shape.length !== transform.rank) {
        throw new UserError(
          `${file.file}: the tensor "${name}" has the shape [${tensor.shape.join(', ')}]; expected ${transform.axes}.`,
        );
      }
      values.push(tensor);
    }
    file.reading?.(undefined);
    if (values.some(({ data }) => data.length !== values[0]!.data.length))
      throw new UserError(`${file.file}: ${libraryNames(renaming).join(' and ')} are not of one length.`);
    tensors[renaming.flowscope] = transform.toFlowscope(values);
  }
  return tensors;
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
export function libraryTensors(
  tensors: Readonly<Record<string, NdArray>>,
  table: readonly Renaming[],
): Record<string, Values> {
  const written: Record<string, Values> = {};
  for (const renaming of table) {
    const tensor = tensors[renaming.flowscope];
    if (!tensor) throw new Error(`The flow has no tensor "${renaming.flowscope}".`);
    const values = { shape: tensor.shape, data: Float32Array.from(tensor.data) };
    const parts = transforms[renaming.transform].toLibrary(values);
    libraryNames(renaming).forEach((name, i) => (written[name] = parts[i]!));
  }
  return written;
}

/** Axis i of the result is axis `order[i]` of `x`; row-major. */
export function permuteAxes({ shape, data }: Values, order: readonly number[]): Values {
  if (order.length === 2 && order[0] === 1) return transposed(shape[0]!, shape[1]!, data);
  const stridesBefore = stridesOf(shape);
  const strides = order.map((axis) => stridesBefore[axis]!);
  const moved = order.map((axis) => shape[axis]!);
  return { shape: moved, data: gather(data, { shape: moved, strides }, new Float32Array(data.length)) };
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
