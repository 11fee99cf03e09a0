/** Seeded orders of examples. */
import { mix, stream } from './random';

/** A permutation of 0 … length − 1, or a part of one. */
export interface Order {
  readonly length: number;
  at(position: number): number;
  /** Whether some may come several times, and others never. */
  readonly repeats?: boolean;
}

/** Up to here a permutation is a table: 4 bytes an example. */
const largestTable = 2 ** 22;

/** An order of `count` examples; the same seed and labels give the same one. Takes at most 16 MiB, however many there are. */
export function shuffled(count: number, seed: number, ...labels: (string | number)[]): Order {
  if (count <= largestTable) {
    const table = stream(seed, ...labels).permutation(count);
    return { length: count, at: (position) => table[position]! };
  }
  return computedOrder(count, seed, ...labels);
}

export function partOf(order: Order, start: number, end: number): Order {
  return { length: end - start, at: (position) => order.at(start + position) };
}

/**
 * A permutation that is computed and not stored: a Feistel network of four rounds over the next even number of bits, where
 * results outside of the range are sent through again until they fall inside (J. Black, P. Rogaway: "Ciphers with
 * arbitrary finite domains", 2002).
 */
export function computedOrder(count: number, seed: number, ...labels: (string | number)[]): Order {
  const half = Math.max(1, Math.ceil(Math.log2(Math.max(2, count)) / 2));
  const base = 2 ** half;
  const random = stream(seed, ...labels, 'rounds');
  const keys = Array.from({ length: 4 }, () => random.integer(2 ** 32));
  const round = (value: number): number => {
    let left = Math.floor(value / base);
    let right = value % base;
    for (const key of keys) {
      const mixed = mix(right ^ key) & (base - 1);
      [left, right] = [right, (left ^ mixed) & (base - 1)];
    }
    return left * base + right;
  };
  return {
    length: count,
    at(position) {
      let value = round(position);
      while (value >= count) value = round(value);
      return value;
    },
  };
}
