/**
 * Training batches: which examples step t sees, with its crops, flips and noise. A function of seed and step alone. The
 * batches of the next steps are read and prepared while a step runs.
 */
import type { RunConfig } from '../../config/schema';
import { indexRange, type Split } from '../../data/dataset';
import { shuffled, type Order } from '../../data/order';
import { stream } from '../../data/random';
import { dequantize, flipImages, padImages } from '../model/inputs';

export interface Batches {
  readonly size: number;
  readonly perEpoch: number;
  /**
   * Dequantized examples of a step (counted from 1), [size, …] in data units. Reading those of the next steps begins.
   * @throws UserError when an example cannot be read
   */
  at(step: number): Promise<Float32Array>;
  /** Gives up what is being read and waits until it has ended; nothing can be asked for afterwards. */
  close(): Promise<void>;
}

/** Batches that are kept ready. Each takes as much memory as a step's input. */
const ahead = 2;

/** Every epoch goes through the examples in an order of its own; a last incomplete batch is left out. */
export function trainingBatches(split: Split, config: RunConfig): Batches {
  const { seed, flips, steps } = config.training;
  const randomCrops = config.data.crop === 'random';
  const size = Math.min(config.training.batch, split.count);
  const perEpoch = Math.max(1, Math.floor(split.count / size));
  const abort = new AbortController();
  const ready = new Map<number, Promise<Float32Array>>();
  let epoch = -1;
  let order: Order = { length: 0, at: () => 0 };

  const indicesOf = (step: number): number[] => {
    const wanted = Math.floor((step - 1) / perEpoch);
    if (wanted !== epoch) {
      epoch = wanted;
      order = shuffled(split.count, seed, 'order', epoch);
    }
    return indexRange(((step - 1) % perEpoch) * size, size).map((position) => order.at(position));
  };
  const prepare = async (step: number): Promise<Float32Array> => {
    const crops = randomCrops ? stream(seed, 'crops', step).uniform(2 * size) : undefined;
    const values = await split.read(indicesOf(step), { crops, signal: abort.signal });
    if (flips) flipImages(values, size, config.model, stream(seed, 'flips', step));
    return dequantize(padImages(values, size, config.model), config.model, stream(seed, 'noise', step));
  };
  const begin = (step: number): Promise<Float32Array> => {
    let batch = ready.get(step);
    if (!batch) {
      batch = prepare(step);
      // Whoever asks for the step hears of its error; until then nobody has to.
      batch.catch(() => undefined);
      ready.set(step, batch);
    }
    return batch;
  };

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
