/** Ways to split a value into identity and transformed features, and to merge the two again. */
import * as tf from '@tensorflow/tfjs-core';
import { range, invertOrder } from '../../base/order';
import type { Mask } from '../core/masks';
import { reorder, maskTensors } from '../core/tensors';

export interface Split {
  /** Shape of each part without the batch axis. */
  readonly identityShape: readonly number[];
  readonly transformedShape: readonly number[];
  /** Where both parts are in full shape: which of their elements count. */
  readonly mask?: Mask;
  split(x: tf.Tensor): { identity: tf.Tensor; transformed: tf.Tensor };
  merge(identity: tf.Tensor, transformed: tf.Tensor): tf.Tensor;
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
      const [first, second] = tf.split(x, 2, axis) as [tf.Tensor, tf.Tensor];
      return firstConditions
        ? { identity: first, transformed: second }
        : { identity: second, transformed: first };
    },
    merge: (identity, transformed) =>
      tf.concat(firstConditions ? [identity, transformed] : [transformed, identity], axis),
  };
}

/**
 * Features or channels, the last axis of [N, …shape], by a bit for each of them: 1 for the identity part. They are in rising
 * order within each part, and both parts have at least one.
 */
export function selected(shape: readonly number[], bits: ArrayLike<number>): Split {
  const axis = shape.length;
  const where = (bit: number): number[] => range(bits.length).filter((i) => bits[i] === bit);
  const [conditions, moves] = [where(1), where(0)];
  const isRising = (order: readonly number[]): boolean => order.every((from, to) => from === to);
  // Where one part comes before the other, nothing has to be reordered.
  const movesFirst = isRising([...moves, ...conditions]);
  /** Puts the identity part and the other into the order that they have in x, or back. */
  const ordered = <T>(identity: T, transformed: T): [T, T] =>
    movesFirst ? [transformed, identity] : [identity, transformed];
  const order = ordered(conditions, moves).flat();
  const arrange = (x: tf.Tensor, indices: readonly number[]): tf.Tensor =>
    isRising(order) ? x : reorder(x, indices, axis);
  return {
    identityShape: [...shape.slice(0, -1), conditions.length],
    transformedShape: [...shape.slice(0, -1), moves.length],
    split(x) {
      const sizes = ordered(conditions.length, moves.length);
      const [first, second] = tf.split(arrange(x, order), sizes, axis) as [tf.Tensor, tf.Tensor];
      const [identity, transformed] = ordered(first, second);
      return { identity, transformed };
    },
    merge: (identity, transformed) =>
      arrange(tf.concat(ordered(identity, transformed), axis), invertOrder(order)),
  };
}

/** All of it is transformed, and nothing is given. */
export function whole(shape: readonly number[]): Split {
  return {
    identityShape: shape,
    transformedShape: shape,
    split: (x) => ({ identity: x, transformed: x }),
    merge: (_, transformed) => transformed,
  };
}
