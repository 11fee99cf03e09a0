/** Brings a picture of any size to the one that a model takes. */
import { plain, withChannels, type Picture } from '../picture';
import { loadSharp } from '../sharp';

/** Scales until it covers height × width, and cuts out the center; a picture of that size is returned as it is. */
export async function fitPicture(picture: Picture, height: number, width: number): Promise<Picture> {
  if (picture.height === height && picture.width === width) return picture;
  const sharp = await loadSharp();
  const { channels } = picture;
  const { data, info } = await sharp(picture.data, {
    raw: { width: picture.width, height: picture.height, channels: channels as 1 | 3 },
  })
    .resize(width, height, { fit: 'cover', position: 'centre' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return withChannels({ width, height, channels: info.channels, data: plain(data) }, channels);
}

/** 8-bit samples to the integers 0 … levels − 1, each level as wide as the others; a shift for powers of two. */
export function quantizeSamples(samples: ArrayLike<number>, levels: number): Float32Array {
  return Float32Array.from(samples, (value) => Math.floor((value * levels) / 256));
}
