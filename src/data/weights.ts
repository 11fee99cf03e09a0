/**
 * Weights of examples, as importance samples and simulations have. Examples are drawn in proportion to their weights, so that
 * whatever looks at the data afterwards (loss, validation, means, views, arrays for PyTorch) need not know of weights.
 */
import { effectiveCount } from '../base/effective-count';
import { UserError } from '../base/user-error';
import { blocks } from './blocks';
import { splitContext, withoutContext } from './context';
import type { Examples, Resources } from './dataset';
import type { Order } from './order';
import { stream } from './random';

const blockRows = 2 ** 16;

/**
 * Takes the last value of each example away, its weight.
 * @param name of the column
 * @throws UserError for weights below 0
 */
export async function takeWeights(
  examples: Examples,
  { name, source, resources }: { name: string; source: string; resources: Resources },
): Promise<{ all: Examples; weights: Float32Array }> {
  const { count, size } = examples;
  if (!resources.reserve(4 * count))
    throw new UserError(`${source}: ${count} weights take more memory than data.memory allows.`);
  const row = { shape: [size - 1], contextSize: 1 };
  const weights = new Float32Array(count);
  for await (const { start, values } of blocks(examples, blockRows))
    weights.set(splitContext(values, row).context!, start);
  const bad = weights.findIndex((weight) => !(weight >= 0));
  if (bad >= 0)
    throw new UserError(
      `${source}: the weight of row ${bad + 1} (column "${name}") is ${Number.isNaN(weights[bad]) ? 'missing' : weights[bad]}; ` +
        'expected 0 or more. Leave such rows out: no density is drawn from with negative weights.',
    );
  return { weights, all: withoutContext(examples, row) };
}

/**
 * Draws examples in proportion to their weights: each as often as its share says, rounded up or down (systematic resampling). With
 * equal weights each comes once, in the same order; without weights that is the order itself.
 * @param effective draws as many as rows of equal weight would say as much, since standard errors follow from their number;
 *   by default as many as there are
 * @throws UserError where no weight is above 0
 */
export function drawn(
  order: Order,
  weights: Float32Array | undefined,
  { seed, effective = false }: { seed: number; effective?: boolean },
): Order {
  if (!weights) return order;
  const own = Float64Array.from({ length: order.length }, (_, i) => weights[order.at(i)]!);
  const total = own.reduce((sum, weight) => sum + weight, 0);
  if (order.length > 0 && total === 0)
    throw new UserError('No example to train on or to hold out has a weight above 0.');
  const count = effective ? Math.round(effectiveCount(own)) : own.length;
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
