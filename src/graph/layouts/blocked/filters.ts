/** Filters [h, w, C, K] in the arrangements that blocked convolutions take. */
import type { ConstantData } from '../../ir';
import type { Relayout } from '../relayout';

export interface FilterUse {
  /** For the gradient of the input: input and output change places, and taps go backwards. */
  turned: boolean;
  block: number;
}

/** [out/b, in/b, taps, b of in, b of out]; where there are fewer inputs than a block holds, [out/b, in, taps, b of out]. */
export function filterInBlocks(graph: Relayout, filter: number, { turned, block }: FilterUse): number {
  const [height, width, rows, columns] = graph.typeOf(filter).shape as [number, number, number, number];
  const taps = height * width;
  const inParts = (length: number): number[] => (length < block ? [length] : [length / block, block]);
  if (!turned) {
    const value = graph.reshape(filter, [taps, ...inParts(rows), columns / block, block]);
    return graph.transpose(value, rows < block ? [2, 1, 0, 3] : [3, 1, 0, 2, 4]);
  }
  const turnedTaps = graph.backwards(graph.reshape(filter, [taps, rows * columns]));
  // A matrix is transposed fast; after it, whole blocks of numbers move.
  let value = graph.transpose(graph.reshape(turnedTaps, [taps * rows, columns]), [1, 0]);
  value = graph.reshape(value, [...inParts(columns), taps, rows / block, block]);
  return graph.transpose(value, columns < block ? [2, 0, 1, 3] : [3, 0, 2, 1, 4]);
}

/** Filters that are constants, one for each group: [taps, C, K] → [K/b, C/b, taps, b of C, b of K], one group after the other. */
export function constantFilterInBlocks(
  groups: readonly ConstantData[],
  { taps, channels, outputs, block }: { taps: number; channels: number; outputs: number; block: number },
): Float32Array {
  const all = new Float32Array(groups.length * taps * channels * outputs);
  let at = 0;
  for (const filter of groups) {
    for (let to = 0; to < outputs; to += block) {
      for (let from = 0; from < channels; from += block) {
        for (let tap = 0; tap < taps; tap++) {
          for (let channel = from; channel < from + block; channel++) {
            const first = (tap * channels + channel) * outputs + to;
            for (let i = 0; i < block; i++) all[at++] = filter[first + i]!;
          }
        }
      }
    }
  }
  return all;
}
