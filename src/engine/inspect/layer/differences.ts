/** Central differences of a layer that runs alone, where its graph has no gradients. */
import type { AloneLayer } from '../../model/inspected-flow';
import { inverseOf } from '../../../base/determinant';
import { breathe } from '../../model/breathe';

export interface Differences {
  /** [k, k], row-major: ∂ of element i at the end by element j at the start. */
  matrix: Float64Array;
  step: number;
  error: number;
}

/** For values about 1: rounding and what the third derivative leaves over are about alike in float32. */
const usualStep = 2 ** -8;
const float32Rounding = 2 ** -24;

/**
 * D(h) = (f(x + h) − f(x − h)) / 2h for the elements given, all others held. Its error is estimated from above, as the sum
 * of |D(2h) − D(h)|, which the third derivative makes; of half of |2S(h) − S(2h)| with S(h) = (f(x + h) − 2f(x) + f(x − h)) / h,
 * which is 0 where f is smooth and the change of slope at a kink, as ReLUs have; and of the rounding of both values.
 * @throws CancelledError
 */
export async function centralDifferences(
  layer: AloneLayer,
  start: Float32Array,
  elements: Int32Array,
  signal: AbortSignal,
): Promise<Differences> {
  const k = elements.length;
  const size = Math.sqrt(start.reduce((sum, value) => sum + value * value, 0) / start.length);
  // A power of two, so that x ± h loses as little as can be.
  const step =
    usualStep * 2 ** Math.max(0, Math.ceil(Math.log2(Number.isFinite(size) && size > 0 ? size : 1)));
  const offsets = [step, -step, 2 * step, -2 * step];
  const moved = Array.from(elements, (element) =>
    offsets.map((by) => {
      const input = start.slice();
      input[element]! += by;
      return input;
    }),
  );
  const inputs = [start, ...moved.flat()];
  const outputs: Float32Array[] = [];
  for (let at = 0; at < inputs.length; at += layer.batch) {
    await breathe(signal);
    outputs.push(...(await layer.run(inputs.slice(at, at + layer.batch))));
  }
  const [middle, ...ends] = outputs;
  const matrix = new Float64Array(k * k);
  let error = 0;
  elements.forEach((element, column) => {
    const own = ends.slice(column * offsets.length, (column + 1) * offsets.length);
    // What was really added, after rounding.
    const [up, down, farUp, farDown] = moved[column]!.map((input) => input[element]! - start[element]!);
    elements.forEach((end, row) => {
      const from = middle![end]!;
      const [above, below, farAbove, farBelow] = own.map((values) => values[end]! - from);
      const near = (above! - below!) / (up! - down!);
      const far = (farAbove! - farBelow!) / (farUp! - farDown!);
      const bend = above! / up! - below! / down!;
      const farBend = farAbove! / farUp! - farBelow! / farDown!;
      const rounding = (2 * float32Rounding * Math.abs(from)) / (up! - down!);
      matrix[row * k + column] = near;
      error = Math.max(error, Math.abs(far - near) + Math.abs(2 * bend - farBend) / 2 + rounding);
    });
  });
  return { matrix, step, error };
}

/** Differences of the map taken backward: the inverse matrix, with the error that its size makes of the other's. */
export function inverted({ matrix, step, error }: Differences, k: number): Differences {
  const inverse = inverseOf(matrix, k);
  const rowSums = Array.from({ length: k }, (_, i) =>
    inverse.subarray(i * k, (i + 1) * k).reduce((sum, value) => sum + Math.abs(value), 0),
  );
  const largest = Math.max(...rowSums);
  return { matrix: inverse, step, error: error * largest * largest };
}
