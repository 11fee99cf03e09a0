/** Unpacks the pages of a Parquet file, to no more bytes than the page's header says. */
import type { Compressors } from 'hyparquet';
import { compressors as unbounded } from 'hyparquet-compressors';
import { decompress } from 'fzstd';

/** Zstandard's own says how much it unpacks to, and takes that for granted; the others fill an array of the page's size. */
export const compressors: Compressors = { ...unbounded, ZSTD: unpackZstandard };

function unpackZstandard(input: Uint8Array, length: number): Uint8Array {
  const { end, content } = zstandardFrame(input);
  if (end !== input.length) throw new Error('a page holds more than one Zstandard frame');
  if (content !== undefined && content !== length) {
    throw new Error(`a page unpacks to ${content} bytes, its header says ${length}`);
  }
  return decompress(input, new Uint8Array(length));
}

/** Where the first frame ends (RFC 8878, 3.1.1), and the bytes that its header says it unpacks to. */
function zstandardFrame(input: Uint8Array): { end: number; content?: number } {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  if (view.getUint32(0, true) !== 0xfd2fb528) throw new Error('a page is no Zstandard frame');
  const flags = view.getUint8(4);
  const singleSegment = (flags >> 5) & 1;
  const dictionaryBytes = [0, 1, 2, 4][flags & 3]!;
  const contentBytes = flags >> 6 === 0 ? singleSegment : 1 << (flags >> 6);
  let at = 5 + (1 - singleSegment) + dictionaryBytes;
  const content =
    contentBytes === 0
      ? undefined
      : contentBytes === 1
        ? view.getUint8(at)
        : contentBytes === 2
          ? view.getUint16(at, true) + 256
          : contentBytes === 4
            ? view.getUint32(at, true)
            : Number(view.getBigUint64(at, true));
  at += contentBytes;
  for (let last = false; !last;) {
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    last = (header & 1) === 1;
    const repeated = ((header >> 1) & 3) === 1;
    at += 3 + (repeated ? 1 : header >> 3);
  }
  return { end: at + ((flags >> 2) & 1 ? 4 : 0), ...(content === undefined ? {} : { content }) };
}
