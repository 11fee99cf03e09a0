import type { Picture } from './svg-of';

/** Pixels for each CSS pixel. */
const density = 2;
/** Above this a browser may refuse the canvas; very long views get fewer pixels instead. */
const largestSide = 8192;

/** The same picture in pixels, twice as many as on the screen. @throws Error when the browser cannot draw it */
export async function pngOf({ text, width, height }: Picture): Promise<Blob> {
  const image = new Image();
  const drawn = new Promise<void>((resolve, reject) => {
    image.onload = () => resolve();
    image.onerror = () => reject(new Error('The picture could not be drawn.'));
  });
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await drawn;
  const scale = Math.min(density, largestSide / Math.max(width, height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext('2d')!;
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (!blob) throw new Error('The picture is too large for this browser.');
  return blob;
}
