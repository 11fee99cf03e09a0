/** Orders of features or channels: for each place, the number of what comes there. */

/** 0, 1, …, count − 1. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** Whether each number from 0 on is in it once. */
export function isOrder(numbers: readonly number[]): boolean {
  return numbers.toSorted((a, b) => a - b).every((number, place) => number === place);
}

/** Puts values at places of their own in another array. @param into gets them */
export function putAt(values: Float32Array, places: ArrayLike<number>, into: Float32Array): Float32Array {
  values.forEach((value, i) => (into[places[i]!] = value));
  return into;
}

/** `order[i]` is the input index that output i takes. What is no order, as a file may have it, gives none: it holds −1. */
export function invertOrder(order: readonly number[]): number[] {
  const inverse = new Array<number>(order.length).fill(-1);
  order.forEach((from, to) => (inverse[from] = to));
  return inverse;
}
