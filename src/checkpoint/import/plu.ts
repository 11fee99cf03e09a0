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

/** What a library calls its 1×1 convolution as a matrix, and its factors, of which the first is a matrix. */
export type PluNames = Readonly<
  Record<'matrix' | 'permutation' | 'lower' | 'upper' | 'logDiagonal' | 'signs', string>
>;

/**
 * A 1×1 convolution of a file: its matrix, or its own factors, of which the strict triangles count.
 * @param flipped channels whose columns change their sign
 * @throws UserError for factors of other sizes, a permutation that is none, or a matrix that cannot be inverted
 */
export async function pluOf(
  file: TensorFile,
  at: string,
  names: PluNames,
  flipped: (channel: number) => boolean = () => false,
): Promise<Plu> {
  const whole = `${at}.${names.matrix}`;
  if (file.tensors.has(whole)) {
    const { shape, data } = await file.read(whole);
    return pluOfMatrix(file, whole, { shape, data: data.map((x, i) => (flipped(i % shape[1]!) ? -x : x)) });
  }
  const permutation = await file.read(`${at}.${names.permutation}`);
  const size = sizeOfSquare(file, `${at}.${names.permutation}`, permutation);
  const read = async (part: 'lower' | 'upper' | 'logDiagonal' | 'signs', length: number) => {
    const name = `${at}.${names[part]}`;
    const { data } = await file.read(name);
    if (data.length === length) return data;
    throw new UserError(`${file.file}: "${name}" has ${data.length} values; expected ${length}.`);
  };
  const lower = await read('lower', size * size);
  const upper = await read('upper', size * size);
  const logDiagonal = await read('logDiagonal', size);
  const signs = await read('signs', size);
  const square = [size, size];
  return {
    layer: {
      kind: 'conv1x1',
      order: orderOf(file, `${at}.${names.permutation}`, permutation),
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
  return { layer: { kind: 'conv1x1', order, signs: diagonal.map((value) => (value < 0 ? -1 : 1)) }, tensors };
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
