/** Which values of a picture are drawn black and white. */
import type { ModelSummary } from '../../../src/protocol/model';

export type PixelRange = readonly [black: number, white: number];

/** Pixels are 0 to the last level, unless the model says otherwise. */
export function pixelRange({ pixels, levels = 256 }: ModelSummary): PixelRange {
  return pixels ?? [0, levels - 1];
}
