import type { FileHandle } from 'node:fs/promises';

const readAtOnce = 2 ** 20;
const lineBreak = 0x0a;

/** The lines of a file, the last one also without a line break; lines of more than `longest` bytes are skipped. */
export async function* linesIn(handle: FileHandle, longest: number): AsyncGenerator<string> {
  const chunk = Buffer.alloc(readAtOnce);
  let rest = Buffer.alloc(0);
  let tooLong = false;
  for (;;) {
    const { bytesRead } = await handle.read(chunk, 0, chunk.length);
    const text = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
    const last = bytesRead === 0;
    let start = 0;
    while (start < text.length) {
      const breakAt = text.indexOf(lineBreak, start);
      if (breakAt < 0 && !last) break;
      const end = breakAt < 0 ? text.length : breakAt;
      if (!tooLong && end - start <= longest) yield text.toString('utf8', start, end);
      tooLong = false;
      start = end + 1;
    }
    if (last) return;
    tooLong ||= text.length - start > longest;
    rest = tooLong ? Buffer.alloc(0) : text.subarray(start);
  }
}
