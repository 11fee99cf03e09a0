/** Entries of a zip file, read in ranges: nothing is loaded that is not asked for. ZIP64 as well. */
import { Readable } from 'node:stream';
import { fromRandomAccessReaderPromise, RandomAccessReader, type Entry, type ZipFile } from 'yauzl';
import { UserError } from '../base/user-error';
import { readRange, type Source } from './read-range';

export interface ZipEntry {
  name: string;
  /** Unpacked, bytes. */
  size: number;
  /** As it is, so that a part can be read without the rest. */
  stored: boolean;
  /** Checksum of the unpacked bytes. */
  crc32: number;
  /**
   * Bytes of the unpacked entry.
   * @throws UserError when the entry is damaged or packed by other means than deflate
   */
  read(begin?: number, end?: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** An entry that is packed has to be unpacked as a whole. */
const largestPacked = 2 ** 30;
/** Deflate makes at most 258 bytes of two bits. */
export const largestRatio = 1032;
/** What is read ahead of a directory's entries, about a hundred bytes each. */
const blockBytes = 2 ** 16;

/** @throws UserError when the file is not a zip file or is damaged; the handle stays open and is the caller's to close */
export async function readZipDirectory(
  file: string,
  handle: Source,
  size: number,
): Promise<Map<string, ZipEntry>> {
  try {
    const zip = await fromRandomAccessReaderPromise(new HandleReader(handle, size), size, {
      lazyEntries: true,
      autoClose: false,
      // Names are only compared with names, never used as paths.
      strictFileNames: false,
    });
    const open = { zip, unpacked: { content: new Uint8Array(0) }, handle, file, size };
    const entries = new Map<string, ZipEntry>();
    for await (const entry of zip.eachEntry()) {
      entries.set(entry.fileName, {
        name: entry.fileName,
        size: entry.uncompressedSize,
        stored: entry.compressionMethod === 0 && !entry.isEncrypted(),
        crc32: entry.crc32,
        read: (begin = 0, end = entry.uncompressedSize) => readEntry(open, entry, begin, end),
      });
    }
    return entries;
  } catch (error) {
    throw damaged(file, error);
  }
}

interface OpenZip {
  zip: ZipFile;
  /** The entry that was unpacked last, from its start: many tensors can be parts of one. */
  unpacked: { entry?: Entry; content: Uint8Array<ArrayBuffer> };
  handle: Source;
  file: string;
  /** Size of the file, bytes. */
  size: number;
}

async function readEntry(
  { zip, unpacked, handle, file, size }: OpenZip,
  entry: Entry,
  begin: number,
  end: number,
): Promise<Uint8Array<ArrayBuffer>> {
  if (begin < 0 || end < begin || end > entry.uncompressedSize)
    throw new RangeError(`Bytes ${begin} to ${end} of an entry of ${entry.uncompressedSize}.`);
  try {
    if (entry.compressionMethod === 0 && !entry.isEncrypted()) {
      const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
      // The reader has checked that the entry ends before the file does, so that the memory is not taken in vain.
      return await readRange(handle, fileDataStart + begin, end - begin, file);
    }
    if (entry.uncompressedSize > largestPacked)
      throw new Error(`the entry "${entry.fileName}" is compressed and unpacks to more than 1 GiB`);
    if (entry.compressedSize > size || entry.uncompressedSize > entry.compressedSize * largestRatio)
      throw new Error(`the sizes of the entry "${entry.fileName}" cannot be`);
    const whole = entry.uncompressedSize;
    if (begin === 0 && end === whole) return await unpack(zip, entry, end);
    if (unpacked.entry !== entry || unpacked.content.length < end) {
      // Who asks for a second part may ask for many.
      unpacked.content = await unpack(zip, entry, unpacked.entry === entry ? whole : end);
      unpacked.entry = entry;
    }
    return unpacked.content.slice(begin, end);
  } catch (error) {
    throw damaged(file, error);
  }
}

/** The first bytes of an entry, no more than are asked for. */
async function unpack(zip: ZipFile, entry: Entry, end: number): Promise<Uint8Array<ArrayBuffer>> {
  const content = new Uint8Array(end);
  let done = 0;
  for await (const chunk of await zip.openReadStreamPromise(entry)) {
    const part = (chunk as Uint8Array).subarray(0, end - done);
    content.set(part, done);
    done += part.length;
    // Where all are asked for, the reader goes on to its end and checks that there is no more than the directory says.
    if (done === end && end < entry.uncompressedSize) break;
  }
  return content;
}

/** Whatever the zip reader or zlib throws is about the file's bytes; errors of the file system are recognized by their code. */
function damaged(file: string, error: unknown): unknown {
  if (error instanceof UserError || !(error instanceof Error)) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code !== undefined && !code.startsWith('Z_')) return error;
  return new UserError(
    `${file}: the zip file is damaged or cut off (${error.message}). Copy or download the file again.`,
  );
}

/**
 * Reads by our own handle, with its errors as errors: errors of the library's own reader cannot be caught. The
 * directory comes in some thousand small reads, one after another; those are served from blocks.
 */
class HandleReader extends RandomAccessReader {
  #block = { begin: 0, bytes: Buffer.alloc(0) };
  #lastEnd = -1;

  constructor(
    private readonly handle: Source,
    private readonly size: number,
  ) {
    super();
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    this.#read(position, length)
      .then(
        (bytes) => {
          bytes.copy(buffer, offset);
          callback(null, length);
        },
        (error: unknown) => callback(error as Error),
      )
      // What the library throws while it looks at the bytes; it listens for this.
      .catch((error: unknown) => this.emit('error', error));
  }

  async #read(position: number, length: number): Promise<Buffer> {
    if (!Number.isSafeInteger(position) || position < 0 || position + length > this.size)
      throw new Error('an offset lies outside of the file');
    const inOrder = position === this.#lastEnd;
    this.#lastEnd = position + length;
    const { begin, bytes } = this.#block;
    if (position < begin || position + length > begin + bytes.length) {
      const readLength = inOrder ? Math.min(Math.max(length, blockBytes), this.size - position) : length;
      const read = Buffer.alloc(readLength);
      const { bytesRead } = await this.handle.read(read, 0, readLength, position);
      if (bytesRead < length) throw new Error('unexpected end of the file');
      this.#block = { begin: position, bytes: read.subarray(0, bytesRead) };
    }
    const from = position - this.#block.begin;
    return this.#block.bytes.subarray(from, from + length);
  }

  override _readStreamForRange(start: number, end: number): Readable {
    const { handle } = this;
    return Readable.from(
      (async function* () {
        const step = 2 ** 18;
        for (let at = start; at < end; at += step) {
          const chunk = Buffer.alloc(Math.min(step, end - at));
          const { bytesRead } = await handle.read(chunk, 0, chunk.length, at);
          if (bytesRead < chunk.length) throw new Error('unexpected end of the file');
          yield chunk;
        }
      })(),
      { objectMode: false },
    );
  }

  override close(callback: (error: Error | null) => void): void {
    callback(null);
  }
}
