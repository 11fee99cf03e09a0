/** The step from pixels to the flow's input without a graph, in double precision: as src/flow/preprocess defines it. */
import type { ImageModelConfig } from '../../config/schema';
import { hasLogit } from '../../config/data-constraint';
import { lowestShare } from '../../flow/preprocess';

/** @param pixels dequantized, in [0, levels] */
export function fromPixels(
  pixels: Float32Array,
  { levels, dataRange, dataConstraint }: Pick<ImageModelConfig, 'levels' | 'dataRange' | 'dataConstraint'>,
): Float32Array {
  if (!hasLogit(dataConstraint)) {
    const offset = dataConstraint === 'centered' ? 0.5 : 0;
    return pixels.map((v) => v / levels - offset);
  }
  const low = lowestShare(dataConstraint, dataRange);
  return pixels.map((v) => {
    const p = low + (dataRange * v) / levels;
    const complement = 1 - low - dataRange + (dataRange * Math.max(levels - v, levels * 2 ** -25)) / levels;
    return Math.log(p) - Math.log(complement);
  });
}
