/**
 * Training batches: which examples step t sees, with its crops, flips and noise. A function of seed and step alone. The
 * batches of the next steps are read and prepared while a step runs.
 */
import { entryOf } from '../../base/kept';
import type { StoredConfig } from '../../config/schema';
import { splitContext } from '../../data/context';
import { indexRange, type Dataset } from '../../data/dataset';
import { shuffled, type Order } from '../../data/order';
import { stream } from '../../data/random';
import { dequantize, flipImages, padImages, type Discrete } from '../model/inputs';

export interface Batch {
  /** [size, …] in data units. */
  features: Float32Array;
  /** [size, C] */
  context?: Float32Array;
}

export interface Batches {
  readonly size: number;
  readonly perEpoch: number;
  /**
   * Dequantized examples of a step (counted from 1). Reading the examples of the next steps begins.
   * @throws UserError when an example cannot be read
   */
  at(step: number): Promise<Batch>;
  /** Gives up what is being read and waits until it has ended; nothing can be asked for afterwards. */
  close(): Promise<void>;
}

/** Batches that are kept ready. Each takes as much memory as a step's input. */
const ahead = 2;

/** Every epoch goes through the examples in an order of its own; a last incomplete batch is left out. */
export function trainingBatches(
  dataset: Dataset,
  config: StoredConfig,
  integers: Discrete['integers'],
): Batches {
  const { train: split } = dataset;
  const { model } = config;
  const { seed, flips, steps } = config.training;
  const randomCrops = config.data?.crop === 'random';
  const size = Math.min(config.training.batch, split.count);
  const perEpoch = Math.max(1, Math.floor(split.count / size));
  const abort = new AbortController();
  const ready = new Map<number, Promise<Batch>>();
  let epoch = -1;
  let order: Order = { length: 0, at: () => 0 };

  const indicesOf = (step: number): number[] => {
    const stepEpoch = Math.floor((step - 1) / perEpoch);
    if (stepEpoch !== epoch) {
      epoch = stepEpoch;
      order = shuffled(split.count, seed, 'order', epoch);
    }
    return indexRange(((step - 1) % perEpoch) * size, size).map((position) => order.at(position));
  };
  const prepare = async (step: number): Promise<Batch> => {
    const crops = randomCrops ? stream(seed, 'crops', step).uniform(2 * size) : undefined;
    const rows = await split.read(indicesOf(step), { crops, signal: abort.signal });
    const { features, context } = splitContext(rows, dataset);
    if (flips && model.kind === 'image') {
      flipImages(features, size, model, stream(seed, 'flips', step));
      // With the same coins.
      if (context && model.context) flipImages(context, size, model.context, stream(seed, 'flips', step));
    }
    const x = dequantize(
      padImages(features, size, model),
      { config: model, integers },
      stream(seed, 'noise', step),
    );
    return { features: x, ...(context ? { context } : {}) };
  };
  const begin = (step: number): Promise<Batch> =>
    entryOf(ready, step, () => {
      const batch = prepare(step);
      // The error is thrown when the step is asked for; until then it is not an unhandled one.
      batch.catch(() => undefined);
      return batch;
    });

  return {
    size,
    perEpoch,
    at(step) {
      abort.signal.throwIfAborted();
      for (const known of ready.keys()) if (known < step || known > step + ahead) ready.delete(known);
      const batch = begin(step);
      for (let next = step + 1; next <= Math.min(step + ahead, steps); next++) void begin(next);
      return batch;
    },
    async close() {
      abort.abort();
      await Promise.allSettled(ready.values());
      ready.clear();
    },
  };
}
