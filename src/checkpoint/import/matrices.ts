/** Turns square matrices of files into our layers, computed in float64. */
import { range } from '../../base/order';
import { inverseOf } from '../../base/determinant';
import { UserError } from '../../base/user-error';
import type { OurLayer, Values } from './chain-importer';
import type { ChainLayer } from './vector-chain';

/** A matrix is factored in time D³, and graphs of reflections are as long as D. */
const mostFeatures = 1024;
const mostReflected = 256;

/** Multiplications of one product: a few seconds. */
const mostMultiplications = 2 ** 31;

/**
 * a·b, row-major, in float64.
 * @param where the tensor, for messages
 * @param sizes rows of a, its columns, which are the rows of b, and columns of b
 * @throws UserError for matrices that would take long
 */
export function productOf(
  where: string,
  [rows, inner, columns]: readonly [number, number, number],
  a: ArrayLike<number>,
  b: ArrayLike<number>,
): Float64Array {
  if (rows * inner * columns > mostMultiplications) {
    throw new UserError(
      `${where} takes the product of ${rows}×${inner} and ${inner}×${columns} numbers, which is too large to be computed here.`,
    );
  }
  const product = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < inner; k++) {
      const factor = a[i * inner + k]!;
      if (factor !== 0)
        for (let j = 0; j < columns; j++) product[i * columns + j]! += factor * b[k * columns + j]!;
    }
  }
  return product;
}

function squareOf(where: string, { shape, data }: Values, most: number): Float64Array[] {
  const [size = 0] = shape;
  if (shape.length !== 2 || shape[1] !== size || size > most) {
    throw new UserError(
      `${where} has the shape [${shape.join(', ')}]; expected a square matrix of at most ${most} rows.`,
    );
  }
  return Array.from({ length: size }, (_, i) => Float64Array.from(data.subarray(i * size, (i + 1) * size)));
}

const noInverse = (where: string): UserError =>
  new UserError(`${where} is a matrix without an inverse; a flow needs one. Save another checkpoint.`);

/**
 * W = P·L·U with partial pivoting; row i of W is row `order[i]` of L·U. The diagonal is that of U, ±e^d, and the tensors
 * are its strict triangles and d, by the names of our parameters.
 * @param where the tensor, for messages @param most rows
 * @throws UserError when the matrix is not square or has no inverse
 */
export function factored(where: string, weight: Values, most = mostFeatures) {
  const rows = squareOf(where, weight, most);
  const size = rows.length;
  // Row k of L·U is row `from[k]` of W.
  const from = rows.map((_, i) => i);
  for (let k = 0; k < size; k++) {
    let pivot = k;
    for (let i = k + 1; i < size; i++) if (Math.abs(rows[i]![k]!) > Math.abs(rows[pivot]![k]!)) pivot = i;
    [rows[k], rows[pivot]] = [rows[pivot]!, rows[k]!];
    [from[k], from[pivot]] = [from[pivot]!, from[k]!];
    const top = rows[k]!;
    if (!(Math.abs(top[k]!) > 0) || !Number.isFinite(top[k]!)) throw noInverse(where);
    for (let i = k + 1; i < size; i++) {
      const row = rows[i]!;
      const factor = row[k]! / top[k]!;
      row[k] = factor;
      if (factor !== 0) for (let j = k + 1; j < size; j++) row[j]! -= factor * top[j]!;
    }
  }
  const order = new Array<number>(size).fill(0);
  from.forEach((row, k) => (order[row] = k));
  const diagonal = rows.map((row, k) => row[k]!);
  const part = (kept: (row: number, column: number) => boolean): Values => ({
    shape: [size, size],
    data: Float32Array.from({ length: size * size }, (_, i) => {
      const [row, column] = [Math.floor(i / size), i % size];
      return kept(row, column) ? rows[row]![column]! : 0;
    }),
  });
  return {
    order,
    diagonal,
    tensors: {
      lower: part((row, column) => column < row),
      upper: part((row, column) => column > row),
      logDiagonal: { shape: [size], data: Float32Array.from(diagonal, (value) => Math.log(Math.abs(value))) },
    },
  };
}

type Made = Pick<OurLayer, 'layer' | 'tensors'>;

const zeros = (length: number): Values => ({ shape: [length], data: new Float32Array(length) });

/**
 * y = W·x + b as P·L·U.
 * @param where the tensor, for messages
 * @throws UserError when W has no inverse
 */
export function matrixLayer(where: string, weight: Values, bias?: Values): Made {
  const { order, diagonal, tensors } = factored(where, weight);
  return {
    layer: { kind: 'plu', order, signs: diagonal.map((value) => (value < 0 ? -1 : 1)) },
    tensors: { ...tensors, bias: bias ?? zeros(order.length) },
  };
}

/** y = W⁻¹·(x − b) as P·L·U; like `matrixLayer`. */
export function inverseMatrixLayer(where: string, weight: Values, bias?: Values): Made {
  const { length: size } = squareOf(where, weight, mostFeatures);
  const inverse = inverseOf(weight.data, size);
  if (!inverse.every(Number.isFinite)) throw noInverse(where);
  const { data: offset } = bias ?? zeros(size);
  const shift = Float32Array.from({ length: size }, (_, i) => {
    const row = inverse.subarray(i * size, (i + 1) * size);
    return -row.reduce((sum, value, j) => sum + value * offset[j]!, 0);
  });
  return matrixLayer(
    where,
    { shape: [size, size], data: Float32Array.from(inverse) },
    { shape: [size], data: shift },
  );
}

/** y = Q·x for an orthogonal Q, as reflections: at most one for each feature. @throws UserError for another matrix */
export function rotationLayer(where: string, matrix: Values): Made {
  const rows = squareOf(where, matrix, mostReflected);
  const size = rows.length;
  const off = rows.some((a, i) =>
    rows.some((b, j) => {
      const product = a.reduce((sum, value, k) => sum + value * b[k]!, 0);
      return !(Math.abs(product - (i === j ? 1 : 0)) < 1e-3);
    }),
  );
  if (off)
    throw new UserError(`${where} is no rotation: its rows are not orthonormal. Save another checkpoint.`);
  const reflections: number[][] = [];
  for (let k = 0; k < size; k++) {
    // What takes the rest of column k to its first entry.
    const v = rows.map((row, i) => (i < k ? 0 : row[k]!));
    v[k]! -= Math.hypot(...v);
    const square = v.reduce((sum, value) => sum + value * value, 0);
    if (square < 1e-14) continue;
    reflections.push(v);
    for (let j = k; j < size; j++) {
      const along = (2 * v.reduce((sum, value, i) => sum + value * rows[i]![j]!, 0)) / square;
      rows.forEach((row, i) => (row[j]! -= along * v[i]!));
    }
  }
  // The last reflection is the first that x meets.
  return reflectionsLayer(reflections.reverse(), size);
}

/** @param vectors of reflections, the first one first; none for the identity */
export function reflectionsLayer(vectors: readonly ArrayLike<number>[], size: number): Made {
  if (vectors.length === 0) return { layer: { kind: 'permute', order: range(size) } };
  const data = new Float32Array(vectors.length * size);
  vectors.forEach((vector, i) => data.set(vector, i * size));
  return {
    layer: { kind: 'householder', reflections: vectors.length },
    tensors: { vectors: { shape: [vectors.length, size], data } },
  };
}

/** x·scale + shift of each feature, or of all where there is one number; or the inverse of that. */
export function rescaleOf(scale: Float32Array, shift: Float32Array, reversed = false): ChainLayer {
  const count = Math.max(scale.length, shift.length);
  const at = (values: Float32Array, i: number): number => values[values.length === 1 ? 0 : i]!;
  const inverse = (): Pick<Extract<ChainLayer, { kind: 'rescale' }>, 'scale' | 'shift'> => ({
    scale: Array.from(scale, (s) => 1 / s),
    shift: Array.from({ length: count }, (_, i) => -at(shift, i) / at(scale, i)),
  });
  const { scale: s, shift: t } = reversed ? inverse() : { scale: [...scale], shift: [...shift] };
  const listOrNumber = (values: number | number[]) =>
    Array.isArray(values) && values.length === 1 ? values[0]! : values;
  return { kind: 'rescale', scale: listOrNumber(s), shift: listOrNumber(t) };
}
