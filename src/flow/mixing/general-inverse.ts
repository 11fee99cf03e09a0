/**
 * Inverse and log|det| of any invertible matrix, from operators that all backends and ONNX files share: reflections turn it into
 * a triangle, step by step (Householder's QR). No step divides by a small pivot, so nothing needs to be exchanged.
 */
import * as tf from '@tensorflow/tfjs-core';
import { identityMatrix, strictly, unitTriangularInverse } from './triangular';

/** log|det M| of [D, D], a scalar. Its derivative is the transposed inverse. */
export const logAbsDet = withInverse(
  (_, diagonal) => tf.sum(tf.log(tf.abs(diagonal))),
  (dy, inverse) => tf.mul(dy, tf.transpose(inverse)),
);

/** M⁻¹ of [D, D]. */
export const generalInverse = withInverse(
  (inverse) => inverse,
  (dy, inverse) => tf.neg(tf.matMul(tf.matMul(inverse, dy, true, false), inverse, false, true)),
);

/** A function of a matrix M = Q·R. @param value of the inverse and R's diagonal @param gradient by M, of the value's and the inverse */
function withInverse(
  value: (inverse: tf.Tensor, diagonal: tf.Tensor) => tf.Tensor,
  gradient: (dy: tf.Tensor, inverse: tf.Tensor) => tf.Tensor,
): (matrix: tf.Tensor) => tf.Tensor {
  return (matrix) =>
    tf.customGrad((...args) => {
      const [input, save] = args as [tf.Tensor, tf.GradSaveFunc];
      const { upper, turned } = triangle(input);
      const diagonal = tf.sum(tf.mul(upper, identityMatrix(upper.shape[0])), 1);
      const inverse = inverseOf(upper, turned, diagonal);
      save([inverse]);
      return {
        value: value(inverse, diagonal),
        gradFunc: (dy: tf.Tensor, [saved]: tf.Tensor[]) => gradient(dy, saved!),
      };
    })(matrix);
}

/** R and Qᵀ of M = Q·R, [D, D] each. */
function triangle(matrix: tf.Tensor): { upper: tf.Tensor; turned: tf.Tensor } {
  const size = matrix.shape[0];
  let both = tf.concat([matrix, identityMatrix(size)], 1);
  for (let k = 0; k < size - 1; k++) {
    const column = tf.slice(both, [0, k], [size, 1]);
    const fromHere = unit(size, (row) => row >= k);
    const below = tf.mul(column, fromHere);
    const head = tf.slice(below, [k, 0], [1, 1]);
    const length = tf.sqrt(tf.sum(tf.square(below)));
    // Away from zero, so that nothing cancels.
    const sign = tf.where(tf.greaterEqual(head, 0), tf.onesLike(head), tf.fill([1, 1], -1));
    const here = unit(size, (row) => row === k);
    const v = tf.add(below, tf.mul(here, tf.mul(sign, length)));
    const along = tf.matMul(v, both, true, false);
    both = tf.sub(both, tf.mul(tf.matMul(v, along), tf.div(2, tf.sum(tf.square(v)))));
  }
  return { upper: tf.slice(both, [0, 0], [size, size]), turned: tf.slice(both, [0, size], [size, size]) };
}

/** [D, 1]: 1 in some rows, 0 elsewhere. */
function unit(size: number, kept: (row: number) => boolean): tf.Tensor {
  return tf.tensor2d(
    Array.from({ length: size }, (_, row) => Number(kept(row))),
    [size, 1],
  );
}

/** R⁻¹·Qᵀ with R = (I + N)·diagonal, column by column. */
function inverseOf(upper: tf.Tensor, turned: tf.Tensor, diagonal: tf.Tensor): tf.Tensor {
  const undone = unitTriangularInverse(tf.div(strictly('upper', upper), diagonal));
  return tf.matMul(tf.div(undone, tf.reshape(diagonal, [upper.shape[0], 1])), turned);
}
