/** Ways to split a value into identity and transformed features, and to merge the two again. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Mask } from './masks';
import { invertOrder, reorder } from './reorder';
import { maskTensors } from './tensors';

export interface Split {
  /** Shape of each part without the batch axis. */
  readonly identityShape: readonly number[];
  readonly transformedShape: readonly number[];
  /** Where both parts are in full shape: which of their elements count. */
  readonly mask?: Mask;
  split(x: Tensor): { identity: Tensor; transformed: Tensor };
  merge(identity: Tensor, transformed: Tensor): Tensor;
}

/** By any mask, in full shape: the identity part has zeros for what is transformed, the other part is x itself. */
export function masked(mask: Mask): Split {
  return {
    identityShape: mask.shape,
    transformedShape: mask.shape,
    mask,
    split: (x) => ({ identity: tf.mul(x, maskTensors(mask).conditions), transformed: x }),
    merge: (_, transformed) => transformed,
  };
}

/** The two halves of the last axis of [N, …shape]. */
export function halves(shape: readonly number[], firstConditions: boolean): Split {
  const axis = shape.length;
  const half = [...shape.slice(0, -1), shape[shape.length - 1]! / 2];
  return {
    identityShape: half,
    transformedShape: half,
    split(x) {
      const [first, second] = tf.split(x, 2, axis) as [Tensor, Tensor];
      return firstConditions
        ? { identity: first, transformed: second }
        : { identity: second, transformed: first };
    },
    merge: (identity, transformed) =>
      tf.concat(firstConditions ? [identity, transformed] : [transformed, identity], axis),
  };
}

/** Features of [N, D] by a mask, in rising order within each part. Both parts have at least one. */
export function selected({ data }: Mask): Split {
  const where = (bit: number): number[] => [...data.keys()].filter((i) => data[i] === bit);
  const conditions = where(1);
  const moves = where(0);
  const order = [...conditions, ...moves];
  const back = invertOrder(order);
  return {
    identityShape: [conditions.length],
    transformedShape: [moves.length],
    split(x) {
      const sizes = [conditions.length, moves.length];
      const [identity, transformed] = tf.split(reorder(x, order, 1), sizes, 1) as [Tensor, Tensor];
      return { identity, transformed };
    },
    merge: (identity, transformed) => reorder(tf.concat([identity, transformed], 1), back, 1),
  };
}
