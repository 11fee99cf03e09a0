/** Which scale each latent belongs to, where scales leave one after the other (paper, section 3.6). */
import { sizeOf } from '../base/shape';
import type { Flow } from './built-flow';

/**
 * For every element of z (row-major, in the flow's output shape) the zero-based scale where it leaves. Latents keep a
 * place in the image, so an element leaves at the last scale whose layers work on its place. All 0 for vectors.
 */
export function latentScales(flow: Pick<Flow, 'layers' | 'outputShape'>): Int32Array {
  const scales = new Int32Array(sizeOf(flow.outputShape));
  for (const { scale, positions } of flow.layers) {
    for (const place of positions) scales[place] = Math.max(scales[place]!, scale);
  }
  return scales;
}

/** How many latents leave at each scale. */
export function latentsByScale(scales: Int32Array): number[] {
  const counts = Array.from({ length: Math.max(-1, ...new Set(scales)) + 1 }, () => 0);
  for (const scale of scales) counts[scale]!++;
  return counts;
}
