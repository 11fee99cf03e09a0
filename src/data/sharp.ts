/** sharp is loaded when the first picture is read: it is a native library, and not all data are pictures. */
import type sharpType from 'sharp';

let loading: Promise<typeof sharpType> | undefined;

export function loadSharp(): Promise<typeof sharpType> {
  loading ??= import('sharp').then(({ default: sharp }) => {
    // Many small pictures at a time: one thread for each, and nothing kept that is not asked for twice.
    sharp.concurrency(1);
    sharp.cache(false);
    return sharp;
  });
  return loading;
}
