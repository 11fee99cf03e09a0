import { UserError } from '../base/user-error';
import { checkIndices, type Examples, type Labels, type ReadOptions, type Split } from './dataset';
import { drawn } from './weights';
import { partOf, shuffled, type Order } from './order';

export interface SplitOptions {
  /** A fraction below 1, or a count. */
  validation: number;
  splitSeed: number;
  limit?: number;
}

/** A training split needs as many examples for a mean and a deviation. */
export const fewest = 2;
/** Values in a block of a scan. */
const blockValues = 2 ** 20;

/**
 * Holds out a random part of the examples. The same seed gives the same parts. 1,797 examples and a fifth give
 * 1,438 and 359.
 * @throws UserError when too few examples remain for training.
 */
export function holdOut(all: Examples, options: SplitOptions, source: string, weights?: Float32Array) {
  const total = Math.min(all.count, options.limit ?? all.count);
  const held = heldOutCount(total, options.validation);
  if (total - held < fewest) {
    throw new UserError(
      `${source}: too few examples: ${total} in total, of which ${held} are held out for validation; ` +
        `expected at least ${fewest} for training. Give more data, or lower data.validation.`,
    );
  }
  const order = shuffled(all.count, options.splitSeed, 'split');
  const seed = options.splitSeed;
  return {
    validation: select(all, drawn(partOf(order, 0, held), weights, { seed, effective: true })),
    train: select(all, drawn(partOf(order, held, total), weights, { seed })),
  };
}

/** At most `limit` examples, chosen by the seed. */
export function limited(
  all: Examples,
  limit: number | undefined,
  splitSeed: number,
  { weights, effective = false }: { weights?: Float32Array | undefined; effective?: boolean } = {},
): Split {
  const order =
    limit === undefined || limit >= all.count
      ? { length: all.count, at: (position: number) => position }
      : partOf(shuffled(all.count, splitSeed, 'split'), 0, limit);
  return select(all, drawn(order, weights, { seed: splitSeed, effective }));
}

/** How many of a separate validation file are used: a count in the config shortens it, a fraction does not apply. */
export function heldOutLimit({ validation, limit }: SplitOptions): number | undefined {
  const count = validation === 0 || validation >= 1 ? validation : undefined;
  return count === undefined ? limit : Math.min(count, limit ?? count);
}

/** How many examples `holdOut` or a separate test file give, before anything is read. */
export function splitCounts(count: number, options: SplitOptions, test?: number) {
  const total = Math.min(count, options.limit ?? count);
  if (test !== undefined) return { train: total, validation: Math.min(test, heldOutLimit(options) ?? test) };
  const held = Math.min(total, heldOutCount(total, options.validation));
  return { train: total - held, validation: held };
}

function heldOutCount(total: number, validation: number): number {
  if (validation === 0) return 0;
  return validation >= 1 ? validation : Math.max(1, Math.round(total * validation));
}

function select(all: Examples, order: Order): Split {
  const { size, labels } = all;
  return {
    count: order.length,
    size,
    ...(labels ? { labels: selectLabels(labels, order) } : {}),
    read(indices, options) {
      checkIndices(indices, order.length);
      return all.read(
        Array.from({ length: indices.length }, (_, i) => order.at(indices[i]!)),
        options,
      );
    },
    ...(all.whole ? { whole: (index) => all.whole!(order.at(index)) } : {}),
    scan: (options) => scan(all, order, options),
  };
}

export function selectLabels(labels: Labels, order: Order): Labels {
  return {
    length: order.length,
    at: (index) => (index >= 0 && index < order.length ? labels.at(order.at(index)) : undefined),
  };
}

async function* scan(all: Examples, order: Order, options?: ReadOptions): AsyncGenerator<Float32Array> {
  const rows = Math.max(1, Math.floor(blockValues / Math.max(1, all.size)));
  if (order.repeats) {
    const places = Uint32Array.from({ length: order.length }, (_, i) => order.at(i)).sort();
    for (let start = 0; start < places.length; start += rows)
      yield await all.read(places.subarray(start, start + rows), options);
    return;
  }
  // One bit an example says who belongs to this part.
  const member = new Uint8Array(Math.ceil(all.count / 8));
  for (let i = 0; i < order.length; i++) {
    const index = order.at(i);
    member[Math.floor(index / 8)]! |= 1 << (index % 8);
  }
  let block: number[] = [];
  for (let index = 0; index < all.count; index++) {
    if ((member[Math.floor(index / 8)]! & (1 << (index % 8))) === 0) continue;
    block.push(index);
    if (block.length < rows) continue;
    yield await all.read(block, options);
    block = [];
  }
  if (block.length > 0) yield await all.read(block, options);
}
