/** Brings a picture of any size to the one that a model takes. */
import { resized, type Picture } from '../picture';

/** Scales until it covers height × width, and cuts out the center; a picture of that size is returned as it is. */
export async function fitPicture(picture: Picture, height: number, width: number): Promise<Picture> {
  if (picture.height === height && picture.width === width) return picture;
  return resized(picture, width, height, { fit: 'cover', position: 'centre' });
}

/** 8-bit samples to the integers 0 … levels − 1, each level as wide as the others; a shift for powers of two. */
export function quantizeSamples(samples: ArrayLike<number>, levels: number): Float32Array {
  return Float32Array.from(samples, (value) => Math.floor((value * levels) / 256));
}
