/** Invertible matrices over channels, as our 1×1 convolution has them: P·L·U with the diagonal of U in logarithms. */
import { UserError } from '../../base/user-error';
import { mostChannels, type ImageLayerInput } from '../../config/image-layers';
import type { Values } from './chain-importer';
import { factored } from './matrices';
import type { TensorFile } from './types';

export interface Plu {
  layer: Extract<ImageLayerInput, { kind: 'conv1x1' }>;
  /** By their names below the layer. */
  tensors: Record<string, Values>;
}

/** [C, C] or [C, C, 1, 1]. @throws UserError for other shapes */
function sizeOfSquare({ file }: TensorFile, name: string, { shape }: Values): number {
  const [rows = 0, columns, ...rest] = shape;
  if (rows > 0 && rows === columns && rest.every((n) => n === 1)) return rows;
  throw new UserError(
    `${file}: the tensor "${name}" has the shape [${shape.join(', ')}]; expected a square matrix.`,
  );
}

/**
 * A permutation matrix as the input that comes to each place.
 * @throws UserError for any other matrix
 */
export function orderOf(file: TensorFile, name: string, matrix: Values): number[] {
  const order = permutationOrder(matrix.data, sizeOfSquare(file, name, matrix));
  if (order) return order;
  throw new UserError(
    `${file.file}: "${name}" is no permutation: each row and each column has to have one 1.`,
  );
}

/** Undefined for a matrix that is not a permutation. */
export function permutationOrder(data: Float32Array, size: number): number[] | undefined {
  const order = Array.from({ length: size }, (_, row) =>
    data.subarray(row * size, (row + 1) * size).indexOf(1),
  );
  const isOne = new Set(order).size === size && !order.includes(-1);
  return isOne && data.reduce((count, value) => count + Number(value !== 0), 0) === size ? order : undefined;
}

export interface PluFactors {
  /** Permutation matrix. */
  permutation: string;
  lower: string;
  upper: string;
  logDiagonal: string;
  signs: string;
}

/**
 * A file's own factors, of which the strict triangles count. @param flipped channels whose columns of U change their sign
 * @throws UserError for factors of other sizes, or a permutation that is none
 */
export async function pluOfFactors(
  file: TensorFile,
  names: PluFactors,
  flipped: (channel: number) => boolean = () => false,
): Promise<Plu> {
  const permutation = await file.read(names.permutation);
  const size = sizeOfSquare(file, names.permutation, permutation);
  const read = async (name: string, length: number): Promise<Float32Array> => {
    const { data } = await file.read(name);
    if (data.length === length) return data;
    throw new UserError(`${file.file}: "${name}" has ${data.length} values; expected ${length}.`);
  };
  const lower = await read(names.lower, size * size);
  const upper = await read(names.upper, size * size);
  const logDiagonal = await read(names.logDiagonal, size);
  const signs = await read(names.signs, size);
  const square = [size, size];
  return {
    layer: {
      kind: 'conv1x1',
      order: orderOf(file, names.permutation, permutation),
      signs: Array.from(signs, (sign, i) => (sign < 0 !== flipped(i) ? -1 : 1)),
    },
    tensors: {
      lower: { shape: square, data: lower },
      upper: { shape: square, data: upper.map((value, i) => (flipped(i % size) ? -value : value)) },
      logDiagonal: { shape: [size], data: logDiagonal },
    },
  };
}

/**
 * Any invertible matrix.
 * @param what it is, for messages @throws UserError for one that cannot be inverted
 */
export function pluOfMatrix(file: TensorFile, what: string, matrix: Values): Plu {
  const size = sizeOfSquare(file, what, matrix);
  const { order, diagonal, tensors } = factored(
    `${file.file}: ${what}`,
    { shape: [size, size], data: matrix.data },
    mostChannels,
  );
  return {
    layer: { kind: 'conv1x1', order, signs: diagonal.map((value) => (value < 0 ? -1 : 1)) },
    tensors,
  };
}

/** A matrix that only moves channels becomes a permutation, any other one a 1×1 convolution. */
export function mixingOf(
  file: TensorFile,
  what: string,
  matrix: Values,
): Plu | { layer: Extract<ImageLayerInput, { kind: 'permute' }>; tensors: Record<string, Values> } {
  const order = permutationOrder(matrix.data, sizeOfSquare(file, what, matrix));
  return order ? { layer: { kind: 'permute', order }, tensors: {} } : pluOfMatrix(file, what, matrix);
}
