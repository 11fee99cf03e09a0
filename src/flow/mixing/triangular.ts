/** Triangular matrices as parts of square ones, and how they are undone. */
import * as tf from '@tensorflow/tfjs-core';
import { type FlowContext, type ParameterSpec, startsAtZero } from '../core/bijection';

/** What of a [D, D] matrix lies below or above its diagonal; 0 elsewhere. */
export function strictly(part: 'lower' | 'upper', matrix: tf.Tensor): tf.Tensor {
  return tf.mul(
    matrix,
    matrixMask(matrix.shape[0], (row, column) => (part === 'lower' ? row > column : row < column)),
  );
}

/** A part of a [size, size] matrix: 1 where it is, 0 elsewhere. */
export function matrixMask(size: number, kept: (row: number, column: number) => boolean): tf.Tensor {
  return tf.tensor2d(
    Array.from({ length: size * size }, (_, i) => Number(kept(Math.floor(i / size), i % size))),
    [size, size],
  );
}

export const identityMatrix = (size: number): tf.Tensor => matrixMask(size, (row, column) => row === column);

/** A matrix times each row of x [N, D]. */
export function times(x: tf.Tensor, matrix: tf.Tensor): tf.Tensor {
  return tf.matMul(x, matrix, false, true);
}

/** z with z + N·z = v for a strictly triangular N, by substitution: the k-th pass gets the k-th feature right. */
export function solveUnit(v: tf.Tensor, matrix: tf.Tensor): tf.Tensor {
  let z = v;
  for (let pass = 1; pass < matrix.shape[0]; pass++) z = tf.sub(v, times(z, matrix));
  return z;
}

/** U·x for an upper triangular U, given as what lies above its diagonal and as that. */
export function timesUpper(x: tf.Tensor, upper: tf.Tensor, diagonal: tf.Tensor): tf.Tensor {
  return tf.add(tf.mul(x, diagonal), times(x, upper));
}

/** The x with U·x = v. U = (I + N)·D with N = upper / diagonal, column by column. */
export function solveUpper(v: tf.Tensor, upper: tf.Tensor, diagonal: tf.Tensor): tf.Tensor {
  return tf.div(solveUnit(v, tf.div(upper, diagonal)), diagonal);
}

/** The parts of L·U in `NAME.lower` and `NAME.upper`, all but U's diagonal. */
export function luParameters(name: string, dim: number): ParameterSpec[] {
  return [startsAtZero(`${name}.lower`, [dim, dim]), startsAtZero(`${name}.upper`, [dim, dim])];
}

/** L·U·x for rows x [N, D], with the diagonal of U; L has ones on its diagonal. */
export function timesLu(ctx: FlowContext, name: string, x: tf.Tensor, diagonal: tf.Tensor): tf.Tensor {
  const product = timesUpper(x, strictly('upper', ctx.get(`${name}.upper`)), diagonal);
  return tf.add(product, times(product, strictly('lower', ctx.get(`${name}.lower`))));
}

/** The x with L·U·x = v. */
export function solveLu(ctx: FlowContext, name: string, v: tf.Tensor, diagonal: tf.Tensor): tf.Tensor {
  const product = solveUnit(v, strictly('lower', ctx.get(`${name}.lower`)));
  return solveUpper(product, strictly('upper', ctx.get(`${name}.upper`)), diagonal);
}

/**
 * (I + N)⁻¹ of a strictly lower or upper triangular N [D, D]. Inverses of blocks on the diagonal grow by doubling: with
 * the inverses of A and C in X, [A 0; B C] has the inverse X − X·B·X, so 2·log₂ D products do it, rounded like substitution.
 */
export function unitTriangularInverse(strict: tf.Tensor): tf.Tensor {
  const size = strict.shape[0];
  let inverse = identityMatrix(size);
  for (let block = 1; block < size; block *= 2) {
    const at = (index: number): number => Math.floor(index / block);
    const mask = matrixMask(
      size,
      (row, column) => at(row) !== at(column) && at(row) >> 1 === at(column) >> 1,
    );
    const between = tf.mul(strict, mask);
    // The first blocks are single entries, with inverses of 1.
    const product = block === 1 ? between : tf.matMul(tf.matMul(inverse, between), inverse);
    inverse = tf.sub(inverse, product);
  }
  return inverse;
}
