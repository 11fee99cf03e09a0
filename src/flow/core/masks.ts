/** Masks of affine couplings: 1 where an element conditions (passes through), 0 where it moves. Paper, section 3.4. */
import { range } from '../../base/order';
import { sizeOf } from '../../base/shape';
import type { ModelConfig } from '../../config/schema';

export type Polarity = ModelConfig['polarity'];

export interface Mask {
  /** Without the batch axis: [D] or [H, W, C]. */
  shape: readonly number[];
  /** Row-major, 0 or 1. */
  data: Float32Array;
}

/**
 * The first coupling of a flow has number 0; polarity flips at each. In a checkerboard `first-conditions` lets it read pixel (0, 0),
 * as the authors' released code does; chrischute is opposite.
 */
export function conditionsFirst(polarity: Polarity, number: number): boolean {
  return (polarity === 'first-conditions') === (number % 2 === 0);
}

function maskOf(shape: readonly number[], conditions: (element: number) => boolean): Mask {
  return { shape, data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => Number(conditions(i))) };
}

/**
 * Checkerboard over height and width, the same for every channel.
 * @param even whether the pixels whose row + column is even condition, pixel (0, 0) among them
 */
export function checkerboardMask(shape: readonly [number, number, number], even: boolean): Mask {
  const [, width, channels] = shape;
  return maskOf(shape, (i) => {
    const pixel = Math.floor(i / channels);
    return (Math.floor(pixel / width) + (pixel % width)) % 2 === (even ? 0 : 1);
  });
}

/** Channel-wise: the first half of the channels conditions, or the second. The number of channels must be even. */
export function channelMask(shape: readonly [number, number, number], first: boolean): Mask {
  const channels = shape[2];
  return maskOf(shape, (i) => i % channels < channels / 2 === first);
}

/** Vector masks: every other feature, or the first half; the complement in the next coupling. */
export function featureMask(
  dim: number,
  number: number,
  pattern: 'alternate' | 'halves',
  polarity: Polarity,
): Mask {
  const first = conditionsFirst(polarity, number);
  return maskOf([dim], (i) => (pattern === 'alternate' ? i % 2 === 0 : i < Math.ceil(dim / 2)) === first);
}

/**
 * Half of the features, drawn from `seed`; couplings 2k and 2k + 1 get complements, so that every feature moves.
 * A small multiplicative generator is enough here: the mask only has to be the same whenever the config is.
 */
export function randomMask(dim: number, number: number, seed: number): Mask {
  const order = randomOrder(dim, seed * 7919 + Math.floor(number / 2));
  const data = new Float32Array(dim);
  order.slice(0, Math.ceil(dim / 2)).forEach((feature) => (data[feature] = 1));
  if (number % 2 === 1) data.forEach((value, i) => (data[i] = 1 - value));
  return { shape: [dim], data };
}

/** A permutation of 0 … n − 1 from a seed (Fisher–Yates over a 32-bit mixing generator). */
export function randomOrder(n: number, seed: number): number[] {
  let state = (seed + 0x9e3779b9) | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const order = range(n);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
