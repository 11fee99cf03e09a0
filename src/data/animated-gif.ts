/** Animated pictures. */
import { CancelledError } from '../protocol/wire';
import { loadSharp } from './sharp';

export interface GifOptions {
  signal: AbortSignal;
  /** Called with how many pictures are drawn. */
  onFrame?: (done: number) => void;
}

export interface Frame {
  /** All of one size. */
  svg: string;
  /** How long it is shown. */
  milliseconds: number;
}

/** A GIF that repeats for ever. @throws CancelledError */
export async function animatedGif(
  frames: readonly Frame[],
  { signal, onFrame }: GifOptions,
): Promise<Uint8Array> {
  const sharp = await loadSharp();
  const drawn: Buffer[] = [];
  for (const { svg } of frames) {
    if (signal.aborted) throw new CancelledError();
    drawn.push(await sharp(Buffer.from(svg)).png({ compressionLevel: 1 }).toBuffer());
    onFrame?.(drawn.length);
  }
  const gif = await sharp(drawn, { join: { animated: true } })
    .gif({
      delay: frames.map(({ milliseconds }) => milliseconds),
      loop: 0,
      colors: 64,
      effort: 4,
      interFrameMaxError: 2,
    })
    .toBuffer();
  return new Uint8Array(gif.buffer, gif.byteOffset, gif.byteLength);
}
