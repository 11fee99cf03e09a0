/** A file of the user's on its way to be the example. */
import { signal } from '@preact/signals';
import { largestExampleFile, type ExampleInFile } from '../../src/protocol/example-file';
import type { ModelSummary } from '../../src/protocol/model';
import { bytes as sizeText, shapeText } from '../base/format/numbers';
import { text } from './text';
import { stateOf } from '../base/store/store';
import { messageOf } from '../base/host/page-api';

export type ReadingStatus =
  | { kind: 'idle' }
  | { kind: 'reading'; name: string }
  | { kind: 'failed'; name: string; message: string }
  | { kind: 'read'; message: string };

let nextToken = 1;

export const exampleFileState = stateOf(({ connection: { host }, model, selectExample }) => {
  const status = signal<ReadingStatus>({ kind: 'idle' });
  /** A file is being dragged over the page. */
  const dragging = signal(false);
  let token: string | undefined;

  const cancel = (): void => {
    if (token !== undefined) void host.cancel(token).catch(() => {});
    token = undefined;
    status.value = { kind: 'idle' };
  };

  return {
    status,
    dragging,
    cancel,
    dismiss: () => void (status.value = { kind: 'idle' }),
    async read(file: File) {
      cancel();
      const { name } = file;
      if (file.size > largestExampleFile) {
        const message = text.tooLarge(name, sizeText(file.size), sizeText(largestExampleFile));
        status.value = { kind: 'failed', name, message };
        return;
      }
      const requestToken = `example-file-${nextToken++}`;
      token = requestToken;
      status.value = { kind: 'reading', name };
      try {
        const bytes = await asKnownPicture(file);
        const example = await host.ask('exampleInFile', { name, bytes }, requestToken);
        // Cancelled, or another file came after it.
        if (token !== requestToken) return;
        selectExample({ kind: 'values', values: [...example.values], name });
        status.value = { kind: 'read', message: describe(name, example, model.peek()) };
      } catch (error) {
        if (token !== requestToken) return;
        status.value = { kind: 'failed', name, message: messageOf(error) };
      } finally {
        if (token === requestToken) token = undefined;
      }
    },
  };
});

function describe(name: string, { source, values }: ExampleInFile, model: ModelSummary | undefined): string {
  if (source.kind === 'numbers' || !model) return text.numbersRead(name, values.length);
  const pad = 2 * (model.pad ?? 0);
  const [height = 0, width = 0, channels = 1] = model.shape;
  const size = `${shapeText([height - pad, width - pad])} ${channels === 1 ? text.gray : text.color}`;
  const levels = model.levels ?? 256;
  const from = `${shapeText([source.height, source.width])} ${source.color ? text.color : text.gray}`;
  if (from === size) return text.pictureAsIs(name, size, levels);
  return source.resized
    ? text.pictureFitted(name, from, size, levels)
    : text.pictureRecolored(name, from, size, levels);
}

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
async function asKnownPicture(file: File): Promise<Uint8Array> {
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
