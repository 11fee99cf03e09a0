/** Ranges that colours and histograms share: x and y have one, so that they compare. */
import type { TensorView } from '../../src/protocol/tensors';
import { largest } from '../draw/planes';
import { trimmedSize } from '../draw/trimmed';
import { roundUp } from '../format/numbers';
import type { ShownLayer } from '../state/store';

/** Colours tell apart the most of the values, or all of them. */
export type RangeChoice = 'most' | 'all';

export interface ColourRange {
  /** Colours end at −limit and limit. */
  limit: number;
  /** Of all values, rounded up alike. */
  full: number;
  /** Values beyond the limit. */
  beyond: number;
}

export function colourRanges(view: ShownLayer, choice: RangeChoice): (tensor: TensorView) => ColourRange {
  const rangeOf = (tensors: readonly TensorView[]): ColourRange => {
    const sizes = tensors.map(({ stats, data }) => largest([stats.min, stats.max]) || largest(data));
    const full = roundUp(Math.max(0, ...sizes));
    const arrays = tensors.flatMap(({ data }) => (data ? [data] : []));
    if (choice === 'all' || arrays.length < tensors.length) return { limit: full, full, beyond: 0 };
    const limit = roundUp(trimmedSize(arrays).size);
    if (limit >= full) return { limit: full, full, beyond: 0 };
    const beyond = arrays.reduce(
      (n, data) =>
        n + data.reduce((m, value) => m + (Math.abs(value) > limit && Number.isFinite(value) ? 1 : 0), 0),
      0,
    );
    return { limit, full, beyond };
  };
  const shared = rangeOf(view.tensors.filter(({ name }) => name === 'x' || name === 'y'));
  return (tensor) => (tensor.name === 'x' || tensor.name === 'y' ? shared : rangeOf([tensor]));
}

/** Counts of what lies within the range; a histogram that stands on its colours. */
export function withinRange({ histogram, data }: TensorView, limit: number): TensorView['histogram'] {
  const [low, high] = [histogram.edges[0]!, histogram.edges.at(-1)!];
  if (!data || (low >= -limit && high <= limit)) return histogram;
  const bins = Math.max(1, histogram.counts.length);
  const counts = new Array<number>(bins).fill(0);
  for (const value of data) {
    const at = Math.floor(((value + limit) / (2 * limit)) * bins);
    if (Math.abs(value) <= limit) counts[Math.min(bins - 1, at)]!++;
  }
  return {
    edges: Array.from({ length: bins + 1 }, (_, i) => -limit + (2 * limit * i) / bins),
    counts,
  };
}
