/** Training batches: which examples step t sees, with its flips and noise. A function of seed and step alone. */
import type { RunConfig } from '../../config/schema';
import { take, type Split } from '../../data/dataset';
import { stream } from '../../data/random';
import { dequantize, flipImages, padImages } from '../model/inputs';

export interface Batches {
  readonly size: number;
  readonly perEpoch: number;
  /** Dequantized examples of a step (counted from 1), [size, …] in data units. */
  at(step: number): Float32Array;
}

/** Every epoch goes through the examples in an order of its own; a last incomplete batch is left out. */
export function trainingBatches(split: Split, config: RunConfig): Batches {
  const { seed, flips } = config.training;
  const size = Math.min(config.training.batch, split.count);
  const perEpoch = Math.max(1, Math.floor(split.count / size));
  let epoch = -1;
  let order: Int32Array = new Int32Array(0);
  return {
    size,
    perEpoch,
    at(step) {
      const wanted = Math.floor((step - 1) / perEpoch);
      if (wanted !== epoch) {
        epoch = wanted;
        order = stream(seed, 'order', epoch).permutation(split.count);
      }
      const start = ((step - 1) % perEpoch) * size;
      const values = take(split, order.subarray(start, start + size));
      if (flips) flipImages(values, size, config.model, stream(seed, 'flips', step));
      return dequantize(padImages(values, size, config.model), config.model, stream(seed, 'noise', step));
    },
  };
}
