/**
 * Weights of examples, as importance samples and simulations have. Examples are drawn in proportion to their weights, so that all
 * that looks at data afterwards (loss, validation, means, views, arrays for PyTorch) is right without knowing of weights.
 */
import { UserError } from '../base/user-error';
import { indexRange, type Examples, type Resources } from './dataset';
import type { Order } from './order';
import { stream } from './random';

const blockRows = 2 ** 16;

/**
 * Takes the last value of each example away, its weight.
 * @param name of the column
 * @throws UserError for weights below 0, or of which none is above it
 */
export async function takeWeights(
  { count, size, labels, read }: Examples,
  { name, source, resources }: { name: string; source: string; resources: Resources },
): Promise<{ all: Examples; weights: Float32Array }> {
  if (!resources.reserve(4 * count))
    throw new UserError(`${source}: ${count} weights take more memory than data.memory allows.`);
  const weights = new Float32Array(count);
  const left = size - 1;
  for (let start = 0; start < count; start += blockRows) {
    const rows = await read(indexRange(start, Math.min(blockRows, count - start)));
    for (let i = 0; i < rows.length / size; i++) weights[start + i] = rows[i * size + left]!;
  }
  const bad = weights.findIndex((weight) => !(weight >= 0));
  if (bad >= 0)
    throw new UserError(
      `${source}: the weight of row ${bad + 1} (column "${name}") is ${Number.isNaN(weights[bad]) ? 'missing' : weights[bad]}; ` +
        'expected 0 or more. Leave such rows out: no density is drawn from with negative weights.',
    );
  return {
    weights,
    all: {
      count,
      size: left,
      ...(labels ? { labels } : {}),
      async read(indices, options) {
        const rows = await read(indices, options);
        return rows.filter((_, i) => i % size < left);
      },
    },
  };
}

/** How many examples of equal weights say as much: (Σw)² / Σw² (Kish 1965). */
export function effectiveCount(weights: Iterable<number>): number {
  let [sum, squares] = [0, 0];
  for (const weight of weights) {
    sum += weight;
    squares += weight * weight;
  }
  return squares === 0 ? 0 : Math.round(sum ** 2 / squares);
}

/**
 * Draws examples in proportion to their weights, each floor or ceil of its share times (systematic resampling); with equal weights
 * each once, in the same order.
 * @param effective draws as many as equal weights would say as much, where errors are told by their number; otherwise as many as there are
 * @throws UserError where no weight is above 0
 */
export function drawn(
  order: Order,
  weights: Float32Array,
  { seed, effective = false }: { seed: number; effective?: boolean },
): Order {
  const own = Float64Array.from({ length: order.length }, (_, i) => weights[order.at(i)]!);
  const total = own.reduce((sum, weight) => sum + weight, 0);
  if (order.length > 0 && total === 0)
    throw new UserError('No example to train on or to hold out has a weight above 0.');
  const count = effective ? effectiveCount(own) : own.length;
  const chosen = new Uint32Array(count);
  const start = stream(seed, 'weights').uniform(1)[0]!;
  let below = 0;
  let next = 0;
  for (let i = 0; i < own.length; i++) {
    below += own[i]!;
    // The last example ends at the total, whatever rounding says.
    const end = i === own.length - 1 ? count : (below / total) * count;
    while (next < count && next + start < end) chosen[next++] = order.at(i);
  }
  return { length: count, at: (position) => chosen[position]!, repeats: true };
}
