/** Where values are: for each element of an image, the number of the element that it takes, row-major. */
import type { ImageShape } from './layers/squeeze';

/** Elements of the channels that are listed, pixel by pixel. */
export function channelPositions(
  [height, width, channels]: ImageShape,
  chosen: readonly number[],
): Int32Array {
  return Int32Array.from(
    { length: height * width * chosen.length },
    (_, i) => Math.floor(i / chosen.length) * channels + chosen[i % chosen.length]!,
  );
}

/** First `outer`, then `inner` of what it gives. */
export function composed(outer: Int32Array, inner: Int32Array): Int32Array {
  return inner.map((i) => outer[i]!);
}
