/** The engine reads PNG, JPEG and WebP; the browser knows more kinds of pictures and hands them on as PNG. */

/** Larger pictures than the engine decodes are not worth the memory. */
const largestPixels = 2 ** 26;

function isKnown(bytes: Uint8Array): boolean {
  const head = String.fromCharCode(...bytes.subarray(0, 12));
  return (
    head.startsWith('\x89PNG') ||
    head.startsWith('\xff\xd8\xff') ||
    (head.startsWith('RIFF') && head.endsWith('WEBP'))
  );
}

/** The file's bytes; of a picture that only the browser can decode (BMP, GIF, AVIF, ICO) a PNG with the same pixels. */
export async function asKnownPicture(file: File): Promise<Uint8Array> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (isKnown(bytes) || !file.type.startsWith('image/')) return bytes;
  // What the browser cannot decode either goes as it is: the engine says what was expected.
  const bitmap = await createImageBitmap(file).catch(() => undefined);
  if (!bitmap || bitmap.width * bitmap.height > largestPixels) return bytes;
  const canvas = document.createElement('canvas');
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext('2d')!.drawImage(bitmap, 0, 0);
  bitmap.close();
  const png = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  return png ? new Uint8Array(await png.arrayBuffer()) : bytes;
}
