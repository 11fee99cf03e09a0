/** The step from pixels to logits without a graph, in double precision: as src/flow/preprocess defines it. */
import type { ImageModelConfig } from '../../config/schema';

/** @param pixels dequantized, in [0, levels] */
export function toLogits(
  pixels: Float32Array,
  { levels, dataRange }: Pick<ImageModelConfig, 'levels' | 'dataRange'>,
): Float32Array {
  return pixels.map((v) => {
    const p = (1 - dataRange) / 2 + (dataRange * v) / levels;
    return Math.log(p) - Math.log1p(-p);
  });
}
