import { extract, type Header } from 'tar-stream';
import { pipeline, type Readable } from 'node:stream';
import path from 'node:path';
import { UserError } from '../base/user-error';
import { readError, streamUnpacked } from '../files/read';
import type { ByteSource } from './byte-source';
import type { Resources } from './resources';
import { createSpool } from './spool';

/** An archive of data does not have more than this. */
const mostEntries = 100_000;
/** Characters of the names of all entries, of which the library allows megabytes each. */
const mostCharacters = 2 ** 24;

/**
 * Reads the wanted files of a tar archive, plain or gzip, by their names without folders. Nothing is written where the
 * archive says.
 * @throws UserError when it is damaged
 */
export async function openTar(
  file: string,
  wanted: (name: string) => boolean,
  resources: Resources,
): Promise<{ entries: Map<string, ByteSource>; others: string[] }> {
  const entries = new Map<string, ByteSource>();
  const others: string[] = [];
  try {
    const archive = extract();
    pipeline(await streamUnpacked(file), archive, () => undefined);
    let characters = 0;
    for await (const entry of archive as AsyncIterable<Readable & { header: Header }>) {
      const name = path.posix.basename(entry.header.name);
      characters += entry.header.name.length;
      if (entry.header.type === 'file' && wanted(name) && !entries.has(name)) {
        const spool = createSpool(resources);
        for await (const chunk of entry) await spool.write(chunk as Uint8Array);
        entries.set(name, await spool.finish());
      } else {
        others.push(name);
        entry.resume();
      }
      if (entries.size + others.length > mostEntries) {
        throw new UserError(`${file}: holds more than ${mostEntries} files; expected those of CIFAR.`);
      }
      if (characters > mostCharacters) throw new Error('the names in it are too long');
    }
  } catch (error) {
    const known = readError(file, error);
    if (known instanceof UserError || (error as NodeJS.ErrnoException).code !== undefined) throw known;
    throw new UserError(`${file}: is not a readable tar archive (${(error as Error).message}).`);
  }
  return { entries, others };
}
