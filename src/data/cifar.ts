/** CIFAR-10 and CIFAR-100 as their "binary version" (A. Krizhevsky, 2009): bytes, class first, then 32×32 planes of R, G, B. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../base/user-error';
import { isFolder, readError, streamUnpacked } from '../files/read';
import type { ByteSource } from './byte-source';
import { openBytes, readSmall } from './bytes';
import type { Examples, Resources } from './dataset';
import { joined, recordExamples } from './records';
import { extract, type Header } from 'tar-stream';
import { pipeline, type Readable } from 'node:stream';
import { createSpool } from './spool';

const side = 32;
const plane = side * side;
const pixels = 3 * plane;

interface Kind {
  name: string;
  /** Bytes before the pixels; the last of them is the class. */
  labelBytes: number;
  classes: number;
  train: RegExp;
  test: string;
  /** Class names, one a line. */
  names: string;
}

const kinds: readonly Kind[] = [
  {
    name: 'CIFAR-10',
    labelBytes: 1,
    classes: 10,
    train: /^data_batch_\d\.bin$/,
    test: 'test_batch.bin',
    names: 'batches.meta.txt',
  },
  {
    name: 'CIFAR-100',
    labelBytes: 2,
    classes: 100,
    train: /^train\.bin$/,
    test: 'test.bin',
    names: 'fine_label_names.txt',
  },
];

/** Folders of the published archives. */
const inner = ['cifar-10-batches-bin', 'cifar-100-binary'];

const partsOf = (kind: Kind, names: readonly string[]): string[] =>
  names.filter((name) => kind.train.test(name)).sort();

/** Whether a file name is one of CIFAR's. */
export function isCifarName(name: string): boolean {
  return kinds.some((kind) => kind.train.test(name) || kind.test === name);
}

/** The folder with the files, which may lie one deeper; undefined when there are none. */
export async function findCifar(folder: string): Promise<string | undefined> {
  for (const candidate of [folder, ...inner.map((name) => path.join(folder, name))]) {
    const names = await readdir(candidate).catch(() => []);
    if (kinds.some((kind) => partsOf(kind, names).length > 0)) return candidate;
  }
  return undefined;
}

/**
 * Opens a folder of the published files, the published .tar.gz, or one file of images. In a folder or archive the test
 * file is what is held out. The shape is [H, W, C].
 * @throws UserError naming the file and what was expected
 */
export async function openCifar(source: string, resources: Resources) {
  if (await isFolder(source)) {
    const folder = (await findCifar(source)) ?? source;
    const names = await readdir(folder).catch((error: unknown) => {
      throw readError(folder, error);
    });
    return openFiles(source, names, {
      bytes: (name) => openBytes(path.join(folder, name), resources),
      text: async (name) => Buffer.from(await readSmall(path.join(folder, name), textLimit)).toString('utf8'),
      where: (name) => path.join(folder, name),
    });
  }
  if (/\.(tar|tar\.gz|tgz)$/i.test(source)) {
    const isNeeded = (name: string): boolean =>
      kinds.some((kind) => kind.train.test(name) || kind.test === name || kind.names === name);
    const { entries, others } = await openTar(source, isNeeded, resources);
    if (others.some((name) => /^(data_batch_1|train|batches\.meta)$/.test(name)) && entries.size === 0) {
      throw new UserError(
        `${source}: is the Python version of CIFAR, whose files are pickles; download the binary version ` +
          '(cifar-10-binary.tar.gz or cifar-100-binary.tar.gz).',
      );
    }
    return openFiles(source, [...entries.keys()], {
      bytes: (name) => Promise.resolve(entries.get(name)!),
      text: async (name) => {
        const bytes = entries.get(name)!;
        return Buffer.from(await bytes.read(0, Math.min(bytes.length, textLimit))).toString('utf8');
      },
      where: (name) => `${source}: ${name}`,
    });
  }
  return openSingle(source, resources);
}

const textLimit = 2 ** 16;

interface Files {
  bytes(name: string): Promise<ByteSource>;
  text(name: string): Promise<string>;
  where(name: string): string;
}

async function openFiles(source: string, names: readonly string[], files: Files) {
  const kind = kinds.find((each) => partsOf(each, names).length > 0);
  if (!kind) {
    throw new UserError(
      `${source}: holds no CIFAR images; expected data_batch_1.bin … data_batch_5.bin, or train.bin.`,
    );
  }
  const open = async (name: string): Promise<Examples> =>
    images(await files.bytes(name), kind, files.where(name));
  const trainNames = partsOf(kind, names);
  const parts: Examples[] = [];
  for (const name of trainNames) parts.push(await open(name));
  const test = names.includes(kind.test) ? await open(kind.test) : undefined;
  const listed = names.includes(kind.names)
    ? (await files.text(kind.names))
        .split(/\r?\n/)
        .map((line) => line.trim())
        .filter((line) => line !== '')
    : [];
  return {
    shape: [side, side, 3],
    train: joined(parts),
    ...(test ? { test } : {}),
    labelNames: listed.length === kind.classes ? listed : numbers(kind.classes),
    note:
      `${kind.name}, ${trainNames.length === 1 ? trainNames[0]! : `${trainNames.length} training files`}` +
      (test ? '; the published test file is held out' : ''),
  };
}

/** A single file tells by its size which of the two it is, where its name does not. */
async function openSingle(file: string, resources: Resources) {
  const bytes = await openBytes(file, resources);
  const name = path.basename(file).replace(/\.gz$/i, '');
  const fits = (kind: Kind): boolean => bytes.length > 0 && bytes.length % (kind.labelBytes + pixels) === 0;
  const kind = kinds.find((each) => each.train.test(name) || each.test === name) ?? kinds.find(fits);
  if (!kind) {
    throw new UserError(
      `${file}: has ${bytes.length} bytes; expected a multiple of 3073 (CIFAR-10) or 3074 (CIFAR-100).`,
    );
  }
  return {
    shape: [side, side, 3],
    train: images(bytes, kind, file),
    labelNames: numbers(kind.classes),
    note: `${kind.name}, ${name}`,
  };
}

function images(bytes: ByteSource, { name, labelBytes, classes }: Kind, where: string): Examples {
  const stride = labelBytes + pixels;
  const count = Math.floor(bytes.length / stride);
  if (count === 0 || count * stride !== bytes.length) {
    throw new UserError(
      `${where}: has ${bytes.length} bytes; ${name} has ${stride} for each image` +
        (count > 0 ? `, and ${bytes.length - count * stride} are left over. Download the file again.` : '.'),
    );
  }
  // Classes are spread through the file, so they are noted when their images are read.
  const labels = new Uint8Array(count).fill(unknown);
  const examples = recordExamples(bytes, {
    count,
    size: pixels,
    offset: 0,
    stride,
    decode(from, at, out, to, index) {
      const label = from[at + labelBytes - 1]!;
      if (label >= classes) {
        throw new UserError(
          `${where}: image ${index} has the class ${label}; ${name} has ${classes}. This is not a ${name} file.`,
        );
      }
      labels[index] = label;
      const start = at + labelBytes;
      for (let i = 0; i < plane; i++) {
        out[to + 3 * i] = from[start + i]!;
        out[to + 3 * i + 1] = from[start + plane + i]!;
        out[to + 3 * i + 2] = from[start + 2 * plane + i]!;
      }
    },
  });
  const { memory } = bytes;
  return {
    ...examples,
    labels: {
      length: count,
      at(index) {
        if (!(index >= 0 && index < count)) return undefined;
        const label = memory ? memory[index * stride + labelBytes - 1]! : labels[index]!;
        return label === unknown ? undefined : label;
      },
    },
  };
}

const unknown = 255;

export function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(i));
}

/** An archive of data does not have more than this. */
const mostEntries = 100_000;
/** Characters of the names of all entries, of which the library allows megabytes each. */
const mostCharacters = 2 ** 24;

/**
 * Reads the wanted files of a tar archive, plain or gzip, by their names without folders. Nothing is written where the
 * archive says.
 * @throws UserError when it is damaged
 */
async function openTar(file: string, isNeeded: (name: string) => boolean, resources: Resources) {
  const entries = new Map<string, ByteSource>();
  const others: string[] = [];
  try {
    const archive = extract();
    pipeline(await streamUnpacked(file), archive, () => undefined);
    let characters = 0;
    for await (const entry of archive as AsyncIterable<Readable & { header: Header }>) {
      const name = path.posix.basename(entry.header.name);
      characters += entry.header.name.length;
      if (entry.header.type === 'file' && isNeeded(name) && !entries.has(name)) {
        const spool = createSpool(resources);
        for await (const chunk of entry) await spool.write(chunk as Uint8Array);
        entries.set(name, await spool.finish());
      } else {
        others.push(name);
        entry.resume();
      }
      if (entries.size + others.length > mostEntries)
        throw new UserError(`${file}: holds more than ${mostEntries} files; expected those of CIFAR.`);
      if (characters > mostCharacters) throw new Error('the names in it are too long');
    }
  } catch (error) {
    const known = readError(file, error);
    if (known instanceof UserError || (error as NodeJS.ErrnoException).code !== undefined) throw known;
    throw new UserError(`${file}: is not a readable tar archive (${(error as Error).message}).`);
  }
  return { entries, others };
}
