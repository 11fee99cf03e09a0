/** Inverses of rising functions that have none in closed form. */
import * as tf from '@tensorflow/tfjs-core';
import { named } from '../core/scope';

/** A function's value and its slope, [N, …] each. */
export interface Rising {
  value: tf.Tensor;
  slope: tf.Tensor;
}

/** Values, without gradients of how they are computed. */
function fixedValue(inputs: readonly tf.Tensor[], compute: (...inputs: tf.Tensor[]) => tf.Tensor): tf.Tensor {
  return tf.customGrad((...args) => {
    const tensors = args.slice(0, inputs.length) as tf.Tensor[];
    return { value: compute(...tensors), gradFunc: () => tensors.map((x) => tf.zerosLike(x)) };
  })(...inputs);
}

const halfway = (low: tf.Tensor, high: tf.Tensor): tf.Tensor => tf.mul(tf.add(low, high), 0.5);

/** Where a root is sought, and how many steps of Newton's method that takes. */
export interface Search {
  low: tf.Tensor;
  high: tf.Tensor;
  steps: number;
}

/** The x between low and high at which the function is y. A step that would leave the remaining interval halves it instead. */
export function rootOf(at: (x: tf.Tensor) => Rising, y: tf.Tensor, search: Search): tf.Tensor {
  let { low, high } = search;
  let x = halfway(low, high);
  for (let step = 0; step < search.steps; step++) {
    const { value, slope } = at(x);
    const isBelow = tf.lessEqual(value, y);
    [low, high] = [tf.where(isBelow, x, low), tf.where(isBelow, high, x)];
    const next = tf.sub(x, tf.div(tf.sub(value, y), slope));
    const fits = tf.logicalAnd(tf.greaterEqual(next, low), tf.lessEqual(next, high));
    x = named('root', tf.where(fits, next, halfway(low, high)));
  }
  return x;
}

/**
 * The x at which a function is y: a root, and one more step of Newton's method there, whose gradients are the inverse
 * function's.
 * @param parameters of the function, all that gradients flow to
 */
export function inverted<P extends readonly tf.Tensor[]>(
  y: tf.Tensor,
  parameters: P,
  at: (x: tf.Tensor, parameters: P) => Rising,
  find: (y: tf.Tensor, parameters: P) => tf.Tensor,
): tf.Tensor {
  const found = fixedValue([y, ...parameters], (v, ...fixed) => find(v, fixed as unknown as P));
  const x = named('root', found);
  const { value, slope } = at(x, parameters);
  const steepness = fixedValue([slope], (s) => tf.add(s, 0));
  return tf.sub(x, tf.div(tf.sub(value, y), steepness));
}
