/** Extremes of a row over a batch, for findings. */
import type { Extremes, LayerExtremes } from '../model/layer-record';
import { quantitiesOf, type Coupled } from './row-values';

export interface RowExtremes {
  /** One example's input of the row, and its s and t where it is a coupling whose scale is known. */
  add(example: number, x: Float32Array, coupled: Coupled | undefined): void;
  record(): LayerExtremes;
}

export function rowExtremes(count: number): RowExtremes {
  const empty = (size: number): Extremes => ({
    low: new Float32Array(size).fill(Infinity),
    high: new Float32Array(size).fill(-Infinity),
  });
  const widen = ({ low, high }: Extremes, i: number, value: number): void => {
    low[i] = Math.min(low[i]!, value);
    high[i] = Math.max(high[i]!, value);
  };
  const input = empty(count);
  let quantities: LayerExtremes['quantities'] = [];
  return {
    add(example, x, coupled) {
      for (const value of x) widen(input, example, value);
      // Where the scale is not known, nothing is.
      if (!coupled || Number.isNaN(coupled.s?.[0])) return;
      const found = quantitiesOf(coupled);
      if (quantities.length === 0) {
        quantities = found.map(({ name, role, values }) => ({
          name,
          role,
          perExample: empty(count),
          perElement: empty(values.length),
        }));
      }
      found.forEach(({ values }, q) => {
        const { perExample, perElement } = quantities[q]!;
        values.forEach((value, k) => {
          widen(perExample, example, value);
          widen(perElement, k, value);
        });
      });
    },
    record: () => ({ input, quantities }),
  };
}
