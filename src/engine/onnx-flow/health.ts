/** Extremes of a row over a batch, for findings; names as in the graph that our own flows are traced to. */
import type { Feeds } from '../backends/backend';
import type { Coupled } from './row-values';

export interface Extremes {
  /** One example's input of the row, and its s and t where it is a coupling whose scale is known. */
  add(example: number, x: Float32Array, coupled: Coupled | undefined): void;
  feeds(): Feeds;
}

export function rowExtremes(index: number, count: number): Extremes {
  const perExample = (from: number): Float32Array => new Float32Array(count).fill(from);
  const input = { low: perExample(Infinity), high: perExample(-Infinity) };
  const s = { low: perExample(Infinity), high: perExample(-Infinity) };
  let elements: Record<'sMin' | 'sMax' | 'tMin' | 'tMax', Float32Array> | undefined;
  const spread = (values: Float32Array, { low, high }: typeof s, example: number): void => {
    for (const value of values) {
      low[example] = Math.min(low[example]!, value);
      high[example] = Math.max(high[example]!, value);
    }
  };
  return {
    add(example, x, coupled) {
      spread(x, input, example);
      if (!coupled || Number.isNaN(coupled.s[0]!)) return;
      spread(coupled.s, s, example);
      elements ??= {
        sMin: coupled.s.slice(),
        sMax: coupled.s.slice(),
        tMin: coupled.t.slice(),
        tMax: coupled.t.slice(),
      };
      for (let k = 0; k < coupled.s.length; k++) {
        elements.sMin[k] = Math.min(elements.sMin[k]!, coupled.s[k]!);
        elements.sMax[k] = Math.max(elements.sMax[k]!, coupled.s[k]!);
        elements.tMin[k] = Math.min(elements.tMin[k]!, coupled.t[k]!);
        elements.tMax[k] = Math.max(elements.tMax[k]!, coupled.t[k]!);
      }
    },
    feeds() {
      const at = (name: string, data: Float32Array): [string, Feeds[string]] => [
        `${index}:${name}`,
        { shape: [data.length], data },
      ];
      return Object.fromEntries([
        at('xLow', input.low),
        at('xHigh', input.high),
        ...(elements
          ? [
              at('sLow', s.low),
              at('sHigh', s.high),
              ...Object.entries(elements).map(([name, data]) => at(name, data)),
            ]
          : []),
      ]);
    },
  };
}
