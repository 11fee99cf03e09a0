/** Inverses of rising functions that have none in closed form. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { named } from '../core/scope';

/** A function's value and its slope, [N, …] each. */
export interface Rising {
  value: Tensor;
  slope: Tensor;
}

/** Values, without gradients of how they are computed. */
function fixedValue(inputs: readonly Tensor[], compute: (...inputs: Tensor[]) => Tensor): Tensor {
  return tf.customGrad((...args) => {
    const tensors = args.slice(0, inputs.length) as Tensor[];
    return { value: compute(...tensors), gradFunc: () => tensors.map((x) => tf.zerosLike(x)) };
  })(...inputs);
}

const halfway = (low: Tensor, high: Tensor): Tensor => tf.mul(tf.add(low, high), 0.5);

/** Where a root is sought, and how many steps of Newton's method that takes. */
export interface Search {
  low: Tensor;
  high: Tensor;
  steps: number;
}

/** The x between low and high at which the function is y. A step that would leave the remaining interval halves it instead. */
export function rootOf(at: (x: Tensor) => Rising, y: Tensor, search: Search): Tensor {
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
export function inverted<P extends readonly Tensor[]>(
  y: Tensor,
  parameters: P,
  at: (x: Tensor, parameters: P) => Rising,
  find: (y: Tensor, parameters: P) => Tensor,
): Tensor {
  const found = fixedValue([y, ...parameters], (v, ...fixed) => find(v, fixed as unknown as P));
  const x = named('root', found);
  const { value, slope } = at(x, parameters);
  const steepness = fixedValue([slope], (s) => tf.add(s, 0));
  return tf.sub(x, tf.div(tf.sub(value, y), steepness));
}
