/** Ways to part a value into what conditions and what moves, and to put the two back in their places. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Mask } from './masks';
import { invertOrder, reorder } from './reorder';

export interface Parting {
  /** Shape of each part without the batch axis. */
  readonly fixedShape: readonly number[];
  readonly movedShape: readonly number[];
  divide(x: Tensor): { fixed: Tensor; moving: Tensor };
  join(fixed: Tensor, moved: Tensor): Tensor;
}

/** The two halves of the last axis of [N, …shape]. */
export function halves(shape: readonly number[], firstConditions: boolean): Parting {
  const axis = shape.length;
  const half = [...shape.slice(0, -1), shape[shape.length - 1]! / 2];
  return {
    fixedShape: half,
    movedShape: half,
    divide(x) {
      const [first, second] = tf.split(x, 2, axis) as [Tensor, Tensor];
      return firstConditions ? { fixed: first, moving: second } : { fixed: second, moving: first };
    },
    join: (fixed, moved) => tf.concat(firstConditions ? [fixed, moved] : [moved, fixed], axis),
  };
}

/** Features of [N, D] by a mask, in rising order within each part. Both parts have at least one. */
export function selected({ data }: Mask): Parting {
  const where = (bit: number): number[] => [...data.keys()].filter((i) => data[i] === bit);
  const conditions = where(1);
  const moves = where(0);
  const order = [...conditions, ...moves];
  const back = invertOrder(order);
  return {
    fixedShape: [conditions.length],
    movedShape: [moves.length],
    divide(x) {
      const sizes = [conditions.length, moves.length];
      const [fixed, moving] = tf.split(reorder(x, order, 1), sizes, 1) as [Tensor, Tensor];
      return { fixed, moving };
    },
    join: (fixed, moved) => reorder(tf.concat([fixed, moved], 1), back, 1),
  };
}
