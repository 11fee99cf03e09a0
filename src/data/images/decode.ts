import type { Metadata } from 'sharp';
import { firstLine, UserError } from '../../base/user-error';
import { DamagedPicture } from '../damaged';
import { largestPixels, plain, withChannels, type Picture } from '../picture';
import { loadSharp } from '../sharp';

/**
 * Decodes a PNG, JPEG or WebP file. Pictures are turned upright as their EXIF data say, alpha is dropped, 16-bit samples
 * become 8-bit ones.
 * @param channels 1 gray, 3 color
 * @param hold waits for room for its pixels
 * @throws UserError naming the file
 */
export async function decodePicture(
  bytes: Uint8Array,
  where: string,
  channels: 1 | 3,
  hold?: (bytes: number) => Promise<void>,
): Promise<Picture> {
  checkKind(bytes, where);
  const sharp = await loadSharp();
  try {
    if (hold) {
      const { width, height } = await sharp(bytes, { limitInputPixels: largestPixels }).metadata();
      await hold(width * height * 3);
    }
    const { data, info } = await sharp(bytes, { limitInputPixels: largestPixels, failOn: 'error', pages: 1 })
      .autoOrient()
      .removeAlpha()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const picture = { width: info.width, height: info.height, channels: info.channels, data: plain(data) };
    return withChannels(picture, channels);
  } catch (error) {
    throw unreadable(where, error);
  }
}

/** Whether an image has color, according to its header. */
export async function isColor(bytes: Uint8Array, where: string): Promise<boolean> {
  const { channels, space } = await headerOf(bytes, where);
  return channels > 2 || !(space === 'b-w' || space === 'grey16');
}

/** [height, width] of an image that is turned upright, according to its header. */
export async function sizeOfPicture(bytes: Uint8Array, where: string): Promise<[number, number]> {
  const { autoOrient } = await headerOf(bytes, where);
  return [autoOrient.height, autoOrient.width];
}

async function headerOf(bytes: Uint8Array, where: string): Promise<Metadata> {
  checkKind(bytes, where);
  const sharp = await loadSharp();
  try {
    return await sharp(bytes, { limitInputPixels: largestPixels }).metadata();
  } catch (error) {
    throw unreadable(where, error);
  }
}

/** By content: sharp reads more kinds than are wanted here. */
function checkKind(bytes: Uint8Array, where: string): void {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(12, bytes.length)).toString('latin1');
  const known =
    text.startsWith('\x89PNG') ||
    text.startsWith('\xff\xd8\xff') ||
    (text.startsWith('RIFF') && text.endsWith('WEBP'));
  if (known) return;
  throw new DamagedPicture(
    bytes.length === 0
      ? `${where}: is empty; expected a PNG, JPEG or WebP image.`
      : `${where}: is not a PNG, JPEG or WebP image, despite its name. Remove or convert it.`,
  );
}

function unreadable(where: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof UserError) return error;
  const reason = firstLine(error).trim();
  return new DamagedPicture(
    `${where}: the image is damaged or cannot be decoded (${reason}). Remove or replace it.`,
  );
}
