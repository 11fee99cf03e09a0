/**
 * Checkpoints that are saved as several files: "model-00001-of-00002.safetensors" and so on, usually with an index in JSON
 * that says which tensor is in which of them. One of them alone may look like a smaller flow.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { exists } from '../base/exists';
import { several, ignoreUserError, shortened, shownValue, UserError } from '../base/user-error';
import { parseJsonText } from '../config/json-text';
import { readText, refuseSpecial } from '../files/read';
import type { TensorFile } from './import/types';

/** All of them are open at once. */
const mostShards = 500;
/** Bytes of an index. */
const largestIndex = 2 ** 20;
const mostIndexes = 20;

const numbered = /^(.*-)(\d{1,8})-of-(\d{1,8})(?=[.-]|$)(.*)$/s;
/** "model.safetensors.index.json", "model.safetensors.index.fp16.json" */
const index = /\.index(\.\w+)?\.json$/i;

export interface Shards {
  /** Absolute paths. */
  files: readonly string[];
  /** The file's name for each tensor, where an index says it. */
  placeOf?: ReadonlyMap<string, string>;
}

export function isIndex(file: string): boolean {
  return index.test(file);
}

/**
 * All files of the checkpoint that a shard or an index belongs to; undefined for files that are complete.
 * @throws UserError naming the shards that are missing, or what is wrong with the index
 */
export async function shardsOf(file: string): Promise<Shards | undefined> {
  if (isIndex(file)) return complete(file, await readIndex(file));
  const names = numberedNames(file);
  for (const beside of await indexesBeside(file)) {
    // A file that is not an index says nothing about the files next to it.
    const shards = await readIndex(beside).catch(ignoreUserError);
    if (shards && shards.files.length > 1 && shards.files.includes(path.resolve(file)))
      return complete(file, shards);
  }
  return names && complete(file, { files: await fromOne(file, names) });
}

/** The names of all shards by the name of one, counted from 0 and from 1. */
function numberedNames(file: string): ((first: number) => string[]) | undefined {
  const [, start = '', number = '', total = '', end = ''] = numbered.exec(path.basename(file)) ?? [];
  const count = Number(total);
  if (count < 2 || Number(number) > count) return undefined;
  if (count > mostShards) throw tooMany(file, count);
  return (first) =>
    Array.from({ length: count }, (_, i) =>
      path.join(
        path.dirname(path.resolve(file)),
        `${start}${String(first + i).padStart(number.length, '0')}-of-${total}${end}`,
      ),
    );
}

async function fromOne(file: string, names: (first: number) => string[]): Promise<string[]> {
  const fromZero = names(0);
  return fromZero[0] === path.resolve(file) || (await exists(fromZero[0]!)) ? fromZero : names(1);
}

async function indexesBeside(file: string): Promise<string[]> {
  const folder = path.dirname(path.resolve(file));
  const names = await readdir(folder).catch(() => []);
  return names
    .filter(isIndex)
    .slice(0, mostIndexes)
    .map((name) => path.join(folder, name));
}

async function readIndex(file: string): Promise<Shards> {
  const parsed = parseJsonText(await readText(file, largestIndex), file) as Record<string, unknown> | null;
  const map = parsed?.['weight_map'];
  if (map === null || typeof map !== 'object' || Array.isArray(map)) {
    throw new UserError(
      `${file}: is not the index of a checkpoint in several files; expected a "weight_map" from tensors to files. ` +
        'Open the file with the tensors.',
    );
  }
  const placeOf = new Map<string, string>();
  for (const [tensor, name] of Object.entries(map)) {
    if (typeof name !== 'string' || !isPlainName(name)) {
      throw new UserError(
        `${file}: places the tensor "${shortened(tensor, 60)}" in ${shownValue(name)}; expected the name of a file in the same folder.`,
      );
    }
    placeOf.set(tensor, name);
  }
  const names = [...new Set(placeOf.values())].sort();
  if (names.length === 0) throw new UserError(`${file}: names no files. Save the checkpoint again.`);
  if (names.length > mostShards) throw tooMany(file, names.length);
  const folder = path.dirname(path.resolve(file));
  return { files: names.map((name) => path.join(folder, name)), placeOf };
}

/** A file is only ever looked for in the folder of the index. */
function isPlainName(name: string): boolean {
  const isBase = path.posix.basename(name) === name && path.win32.basename(name) === name;
  return isBase && !['', '.', '..'].includes(name) && !name.includes('\0') && !isIndex(name);
}

function tooMany(file: string, count: number): UserError {
  return new UserError(
    `${file}: is part of a checkpoint in ${count} files; at most ${mostShards} are read. Save it as one file.`,
  );
}

async function complete(file: string, shards: Shards): Promise<Shards> {
  const missing: string[] = [];
  for (const shard of shards.files) if (!(await exists(shard))) missing.push(path.basename(shard));
  if (missing.length === 0) {
    for (const shard of shards.files) await refuseSpecial(shard);
    return shards;
  }
  const more = missing.length > 3 ? ` and ${missing.length - 3} more` : '';
  throw new UserError(
    `${file}: is part of a checkpoint in ${several(shards.files.length, 'file')} (shards), of which ` +
      `${missing.slice(0, 3).join(', ')}${more} ${missing.length === 1 ? 'is' : 'are'} missing. ` +
      'Put all of them into one folder, or save the checkpoint as one file.',
  );
}

/**
 * All shards as one file, under the path that was given.
 * @throws UserError where one is damaged, two have the same tensor, or one lacks what the index says
 */
export async function openShards(
  file: string,
  { files, placeOf }: Shards,
  open: (file: string) => Promise<TensorFile>,
): Promise<TensorFile> {
  const opened: TensorFile[] = [];
  const close = async (): Promise<void> => {
    for (const shard of opened) await shard.close();
  };
  try {
    const holder = new Map<string, TensorFile>();
    for (const one of files) {
      const shard = await open(one);
      opened.push(shard);
      for (const name of shard.tensors.keys()) {
        const other = holder.get(name);
        if (other) {
          const where = `${path.basename(other.file)} and ${path.basename(one)}`;
          throw new UserError(
            `${file}: the tensor "${shortened(name, 60)}" is in two files of the checkpoint, ${where}. Save the checkpoint again.`,
          );
        }
        holder.set(name, shard);
      }
    }
    for (const [name, place] of placeOf ?? []) {
      if (path.basename(holder.get(name)?.file ?? '') === place) continue;
      throw new UserError(
        `${file}: by its index ${place} holds the tensor "${shortened(name, 60)}", which is not there. Copy or download the files again.`,
      );
    }
    const leftOut = opened.flatMap((shard) => shard.leftOut ?? []);
    const rest = opened.flatMap((shard) => shard.rest ?? []);
    return {
      file,
      container: opened[0]!.container,
      bytes: opened.reduce((sum, { bytes }) => sum + bytes, 0),
      tensors: new Map([...holder].map(([name, shard]) => [name, shard.tensors.get(name)!])),
      extras: Object.assign({}, ...opened.map(({ extras }) => extras)) as TensorFile['extras'],
      ...(leftOut.length > 0 ? { leftOut } : {}),
      ...(rest.length > 0 ? { rest } : {}),
      async read(name) {
        const shard = holder.get(name);
        if (!shard) throw new UserError(`${file}: holds no tensor "${name}".`);
        return shard.read(name);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
