/** Triangular matrices as parts of square ones, and how they are undone. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** What of a [D, D] matrix lies below or above its diagonal; 0 elsewhere. */
export function strictly(part: 'lower' | 'upper', matrix: Tensor): Tensor {
  const dim = matrix.shape[0];
  const kept = (row: number, column: number): boolean => (part === 'lower' ? row > column : row < column);
  const mask = tf.tensor2d(
    Array.from({ length: dim * dim }, (_, i) => Number(kept(Math.floor(i / dim), i % dim))),
    [dim, dim],
  );
  return tf.mul(matrix, mask);
}

/** A matrix times each row of x [N, D]. */
export function times(x: Tensor, matrix: Tensor): Tensor {
  return tf.matMul(x, matrix, false, true);
}

/** z with z + N·z = v for a strictly triangular N, by substitution: the k-th pass gets the k-th feature right. */
export function solveUnit(v: Tensor, matrix: Tensor): Tensor {
  let z = v;
  for (let pass = 1; pass < matrix.shape[0]; pass++) z = tf.sub(v, times(z, matrix));
  return z;
}

/** U·x for an upper triangular U, given as what lies above its diagonal and as that. */
export function timesUpper(x: Tensor, upper: Tensor, diagonal: Tensor): Tensor {
  return tf.add(tf.mul(x, diagonal), times(x, upper));
}

/** The x with U·x = v. U = (I + N)·D with N = upper / diagonal, column by column. */
export function solveUpper(v: Tensor, upper: Tensor, diagonal: Tensor): Tensor {
  return tf.div(solveUnit(v, tf.div(upper, diagonal)), diagonal);
}
