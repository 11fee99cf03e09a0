/** nflows' LULinear, which normflows has too: a learned mixing y = L·U·x + b. */
import { softplus } from '../../base/softplus';
import type { OurLayer, Values } from './chain-importer';
import { inverseMatrixLayer, productOf } from './matrices';
import type { FileModule } from './modules';
import { leastOfNflows, softplusOffset } from './splines';
import type { TensorFile } from './types';

const parts = ['bias', 'lower_entries', 'upper_entries', 'unconstrained_upper_diag'];

/** D, where the names of a module match such a layer of D features and its tensors have that size. */
export function luFeatures(module: FileModule): number | undefined {
  const features = module.length('bias');
  if (features === undefined || module.rests.length !== parts.length) return undefined;
  const lengths: Record<string, number> = {
    bias: features,
    lower_entries: (features * (features - 1)) / 2,
    upper_entries: (features * (features - 1)) / 2,
    unconstrained_upper_diag: features,
  };
  const fits = parts.every((part) => module.shape(part)?.join() === String(lengths[part]));
  return fits ? features : undefined;
}

/** @param at its name, without the last dot */
export function luLayer(file: TensorFile, at: string, features: number): OurLayer {
  return {
    at,
    layer: { kind: 'lu' },
    async adapt(tensors, name) {
      const { lower, upper, diagonal, bias } = await luMatrices(file, at, features);
      tensors[`${name}.lower`] = lower;
      tensors[`${name}.upper`] = upper;
      tensors[`${name}.diagonal`] = { ...diagonal, data: diagonal.data.map((u) => u - softplusOffset) };
      tensors[`${name}.bias`] = bias;
    },
  };
}

/** The inverse of such a layer. */
export async function inverseLuLayer(file: TensorFile, at: string, features: number): Promise<OurLayer> {
  const { lower, upper, diagonal, bias } = await luMatrices(file, at, features);
  const [l, u] = [Float64Array.from(lower.data), Float64Array.from(upper.data)];
  for (let k = 0; k < features; k++) {
    l[k * features + k] = 1;
    u[k * features + k] = softplus(diagonal.data[k]!) + leastOfNflows;
  }
  const where = `${file.file}: ${at}`;
  const data = Float32Array.from(productOf(where, [features, features, features], l, u));
  return { at, ...inverseMatrixLayer(where, { shape: [features, features], data }, bias) };
}

/** Its triangles as matrices, and the diagonal as it is in the file: U has softplus of it, plus the least. */
export async function luMatrices(
  file: TensorFile,
  at: string,
  features: number,
): Promise<Record<'lower' | 'upper' | 'diagonal' | 'bias', Values>> {
  const read = async (part: string): Promise<Values> => file.read(`${at}.${part}`);
  const [bias, lower, upper, diagonal] = await Promise.all(parts.map(read));
  const shape = [features, features];
  return {
    lower: { shape, data: inMatrix(lower!.data, features, (row) => [0, row]) },
    upper: aboveDiagonal(upper!.data, features),
    diagonal: diagonal!,
    bias: bias!,
  };
}

/** A [size, size] matrix of the entries above its diagonal, row by row. */
export function aboveDiagonal(entries: Float32Array, size: number): Values {
  return { shape: [size, size], data: inMatrix(entries, size, (row) => [row + 1, size]) };
}

/** Row by row, in the columns from the first to before the second that are given for a row; 0 elsewhere. */
function inMatrix(
  entries: Float32Array,
  size: number,
  columns: (row: number) => [number, number],
): Float32Array {
  const matrix = new Float32Array(size * size);
  let next = 0;
  for (let row = 0; row < size; row++) {
    const [from, to] = columns(row);
    for (let column = from; column < to; column++) matrix[row * size + column] = entries[next++]!;
  }
  return matrix;
}
