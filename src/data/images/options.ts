import type { DataConfig } from '../../config/schema';
import type { ImageOptions } from '../picture';

/** The image settings of a config. */
export function imageOptions({ resize, crop, cropSize, size, bits, color }: DataConfig): ImageOptions {
  return {
    ...(resize === undefined ? {} : { resize }),
    crop,
    ...(cropSize === undefined ? {} : { cropSize }),
    ...(size === undefined ? {} : { size }),
    bits,
    color,
  };
}
