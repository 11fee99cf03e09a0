import * as tf from '@tensorflow/tfjs-core';

const massSquared = -4;

/** Minus the action Σ φ(x) Σ_μ (2φ(x) − φ(x+μ) − φ(x−μ)) + m²φ² + λφ⁴, m² = −4, on a square of that side whose edges meet. */
export function phi4(side: number, lambda: number): (x: tf.Tensor2D) => tf.Tensor1D {
  return (x) => {
    const field = tf.reshape(x, [-1, side, side]);
    // Each pair of neighbors is met from both ends.
    const kinetic = [1, 2].map((axis) => tf.square(tf.sub(field, next(field, axis, side))));
    const square = tf.square(field);
    const potential = tf.mul(square, tf.add(massSquared, tf.mul(square, lambda)));
    return tf.neg(tf.sum(tf.add(tf.add(kinetic[0]!, kinetic[1]!), potential), [1, 2]));
  };
}

/** The field moved by one place. */
function next(field: tf.Tensor, axis: number, side: number): tf.Tensor {
  const [first, rest] = tf.split(field, [1, side - 1], axis) as [tf.Tensor, tf.Tensor];
  return tf.concat([rest, first], axis);
}
