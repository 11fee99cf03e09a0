/** Ranges that colors and histograms share: x and y have one, so that they compare. */
import type { TensorView } from '../../../src/protocol/tensors';
import { largest } from '../../base/canvas/planes';
import { trimmedRange, type ColorRange } from '../../base/canvas/trimmed';
import { roundUp } from '../../base/format/numbers';
import type { ShownLayer } from '../../base/store/layer-view';
import type { CountedTensor } from './moved';

/** Colors tell apart the most of the values, or all of them. */
export type RangeChoice = 'most' | 'all';

/** Zeros of what passes through would hide how large the few values are that s and t have. */
const countedOf = ({ counted, data }: CountedTensor): Float32Array | undefined => counted ?? data;

export function colorRanges(view: ShownLayer, choice: RangeChoice): (tensor: TensorView) => ColorRange {
  const rangeOf = (tensors: readonly TensorView[]): ColorRange => {
    const sizes = tensors.map(({ stats, data }) => largest([stats.min, stats.max]) || largest(data));
    const full = roundUp(Math.max(0, ...sizes));
    const arrays = tensors.flatMap((tensor) => countedOf(tensor) ?? []);
    if (choice === 'all' || arrays.length < tensors.length) return { limit: full, full, beyond: 0 };
    return trimmedRange(arrays, full);
  };
  const isEnd = ({ role }: TensorView): boolean => role === 'input' || role === 'output';
  const shared = rangeOf(view.tensors.filter(isEnd));
  return (tensor) => (isEnd(tensor) ? shared : rangeOf([tensor]));
}

/** Counts of what lies within the range; for a histogram on top of its colors. */
export function withinRange(tensor: TensorView, limit: number): TensorView['histogram'] {
  const { histogram } = tensor;
  const values = countedOf(tensor);
  const [low, high] = [histogram.edges[0]!, histogram.edges.at(-1)!];
  if (!values || (low >= -limit && high <= limit)) return histogram;
  const bins = Math.max(1, histogram.counts.length);
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) {
    const at = Math.floor(((value + limit) / (2 * limit)) * bins);
    if (Math.abs(value) <= limit) counts[Math.min(bins - 1, at)]!++;
  }
  return { edges: Array.from({ length: bins + 1 }, (_, i) => -limit + (2 * limit * i) / bins), counts };
}
