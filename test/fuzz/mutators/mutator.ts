import type { RandomStream } from '../../../src/data/random';

/** Changes one thing of a file. What it draws depends on the stream alone, so that a case can be made again. */
export type Mutator = (bytes: Buffer, random: RandomStream) => Buffer;

export function pick<T>(random: RandomStream, of: readonly T[]): T {
  return of[random.integer(of.length)]!;
}

/** Integers at the edges of what is allocated, counted or indexed with. */
export const extremes = [
  0,
  -1,
  1,
  127,
  255,
  65536,
  2 ** 24,
  2 ** 28,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  2 ** 63,
];
