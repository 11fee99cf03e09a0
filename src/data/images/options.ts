import { defined } from '../../base/defined';
import type { DataConfig } from '../../config/schema';
import type { ImageOptions } from '../picture';

/** The image settings of a config. */
export function imageOptions({ resize, crop, cropSize, size, bits, color }: DataConfig): ImageOptions {
  return { ...defined({ resize, cropSize, size }), crop, bits, color };
}
