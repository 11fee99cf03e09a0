/** Pictures as bytes, and what is done to them before a flow sees them: resize, crop, color and bit depth. */
import type { ResizeOptions } from 'sharp';
import type { DataConfig } from '../config/schema';
import { UserError } from '../base/user-error';
import { loadSharp } from './sharp';

/** Larger pictures are refused: a small file may claim to be one that fills the memory, or be so narrow that it becomes one. */
export const largestPixels = 2 ** 26;

export interface Picture {
  width: number;
  height: number;
  channels: number;
  /** [height, width, channels], 0 … 255. */
  data: Uint8Array;
}

/** The image fields of the config's data section. */
export interface ImageOptions {
  /** The smallest side becomes so long before cropping; the other keeps the proportions. */
  resize?: number;
  crop: 'none' | 'center' | 'random';
  /** Side of the square that is cut out; the smallest side when absent. */
  cropSize?: number;
  /** Height and width at the end. */
  size?: number;
  bits: number;
  color: 'auto' | 'gray' | 'rgb';
}

/** Whether pictures are taken as they are, but for their bit depth. */
export function keepsGeometry({ resize, crop, size }: Pick<DataConfig, 'resize' | 'crop' | 'size'>): boolean {
  return resize === undefined && crop === 'none' && size === undefined;
}

/** The steps that come before a random crop, which can be remembered. */
export async function prepare(picture: Picture, options: ImageOptions, where: string): Promise<Picture> {
  const resized =
    options.resize === undefined ? picture : await resizeSmallest(picture, options.resize, where);
  return options.crop === 'random' ? resized : finish(resized, options, where, 0.5, 0.5);
}

/**
 * Crop, final size and bit depth.
 * @param down position of the crop, in [0, 1); ½ is the center
 * @throws UserError when the picture is smaller than the crop
 */
export async function finish(
  picture: Picture,
  { crop, cropSize, size, bits }: ImageOptions,
  where: string,
  down: number,
  right: number,
): Promise<Picture> {
  let result = picture;
  if (crop !== 'none') {
    const side = cropSize ?? Math.min(picture.width, picture.height);
    result = cut(picture, side, where, down, right);
  }
  if (size !== undefined && (result.width !== size || result.height !== size))
    result = await scale(result, size, size, where);
  return withBits(result, bits);
}

/** The upper bits of each of 8. */
export function withBits(picture: Picture, bits: number): Picture {
  return bits === 8 ? picture : { ...picture, data: picture.data.map((value) => value >> (8 - bits)) };
}

function cut(picture: Picture, side: number, where: string, down: number, right: number): Picture {
  const { width, height, channels, data } = picture;
  if (side > width || side > height) {
    throw new UserError(
      `${where}: is ${height}×${width} pixels, smaller than the crop of ${side}×${side}; ` +
        `lower data.cropSize, or set data.resize to ${side} or more.`,
    );
  }
  if (side === width && side === height) return picture;
  // As PyTorch's central crop, which rounds half pixels to even; a random one takes each place with equal chance.
  const place = (room: number, at: number): number =>
    at === 0.5 ? roundHalfEven(room / 2) : Math.min(room, Math.floor(at * (room + 1)));
  const top = place(height - side, down);
  const left = place(width - side, right);
  const row = side * channels;
  const out = new Uint8Array(side * row);
  for (let y = 0; y < side; y++) {
    const from = ((top + y) * width + left) * channels;
    out.set(data.subarray(from, from + row), y * row);
  }
  return { width: side, height: side, channels, data: out };
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

async function resizeSmallest(picture: Picture, smallest: number, where: string): Promise<Picture> {
  const { width, height } = picture;
  const factor = smallest / Math.min(width, height);
  if (factor === 1) return picture;
  const scaled = (side: number): number => Math.max(smallest, Math.round(side * factor));
  return scale(picture, scaled(width), scaled(height), where);
}

async function scale(picture: Picture, width: number, height: number, where: string): Promise<Picture> {
  const { channels } = picture;
  if (width * height > largestPixels) {
    throw new UserError(
      `${where}: is ${picture.height}×${picture.width} pixels, so narrow that it would be ${height}×${width} with data.resize. ` +
        'Remove it, or leave data.resize out.',
    );
  }
  if (channels > 4)
    throw new UserError(`${where}: images of ${channels} channels cannot be resized; expected at most 4.`);
  return resized(picture, width, height, { fit: 'fill' });
}

/** @param picture of at most four channels */
export async function resized(
  picture: Picture,
  width: number,
  height: number,
  options: ResizeOptions,
): Promise<Picture> {
  const sharp = await loadSharp();
  const channels = picture.channels as 1 | 2 | 3 | 4;
  const { data, info } = await sharp(picture.data, {
    raw: { width: picture.width, height: picture.height, channels },
  })
    .resize(width, height, options)
    .raw()
    .toBuffer({ resolveWithObject: true });
  return withChannels({ width, height, channels: info.channels, data: plain(data) }, channels);
}

/** Color as gray by ITU-R 601 luma, as Pillow's "L"; gray as three equal channels. */
export function withChannels(picture: Picture, channels: number): Picture {
  const { width, height, data } = picture;
  const channelsBefore = picture.channels;
  if (channelsBefore === channels) return picture;
  const pixels = width * height;
  const out = new Uint8Array(pixels * channels);
  for (let i = 0; i < pixels; i++) {
    const at = i * channelsBefore;
    if (channels === 1 && channelsBefore >= 3) {
      out[i] = Math.round((299 * data[at]! + 587 * data[at + 1]! + 114 * data[at + 2]!) / 1000);
    } else {
      for (let c = 0; c < channels; c++) out[i * channels + c] = data[at + Math.min(c, channelsBefore - 1)]!;
    }
  }
  return { width, height, channels, data: out };
}

export function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
