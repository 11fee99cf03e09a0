/** Inverses of triangular matrices out of products alone, so that every backend and every ONNX file can compute them. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** A part of a [D, D] matrix as a mask. */
export function matrixMask(size: number, kept: (row: number, column: number) => boolean): Tensor {
  return tf.tensor2d(
    Array.from({ length: size * size }, (_, i) => Number(kept(Math.floor(i / size), i % size))),
    [size, size],
  );
}

/**
 * (I + N)⁻¹ of a strictly lower or upper triangular N [D, D]. Inverses of blocks on the diagonal grow by doubling: with
 * those of A and C in X, those of [A 0; B C] are X − X·B·X, so 2·log₂ D products do it, with the rounding of substitution.
 */
export function unitTriangularInverse(strict: Tensor): Tensor {
  const size = strict.shape[0];
  let inverse: Tensor = tf.tensor2d(
    Array.from({ length: size * size }, (_, i) => Number(Math.floor(i / size) === i % size)),
    [size, size],
  );
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
