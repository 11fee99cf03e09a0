/**
 * Compiled programs on disk, so that a checkpoint which was open before is not traced, rewritten and optimized again. Its files
 * can go at any time, and nothing depends on them.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { cpus } from 'node:os';
import path from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { makeFolder, sweepTemporary, temporaryTag, writeAtomically } from '../../files/atomic';
import type { NdArray } from '../../protocol/tensors';
import type { SessionInput } from './onnxruntime-session';

export interface ProgramCacheOptions {
  folder: string;
  /** Build of the code that traces and compiles: another build finds nothing of this one. */
  build: string;
}

/** All that is needed to run a program. */
export interface CachedProgram {
  /** The ONNX model as ONNX Runtime has optimized it, for this kind of processor. */
  model: Uint8Array;
  inputs: readonly SessionInput[];
  known: ReadonlyMap<string, NdArray>;
  dynamicBatch: number | undefined;
}

export interface ProgramCache {
  read(name: string): Promise<CachedProgram | undefined>;
  /**
   * @param optimized the file of `temporary` with the model, which is removed. Never fails: what is not kept is compiled again
   */
  write(name: string, optimized: string, rest: Omit<CachedProgram, 'model'>): Promise<void>;
  /** Undefined where there is no place for it. */
  temporary(): Promise<string | undefined>;
}

/** Bytes of all files; those used last stay. */
const mostBytes = 64 << 20;
const suffix = '.program';
const temporaryPrefix = '.optimized.';

/** @param runtime version of what compiles */
export function createProgramCache({ folder, build }: ProgramCacheOptions, runtime: string): ProgramCache {
  const machine = [build, runtime, process.arch, cpus()[0]?.model].join('\n');
  const fileOf = (name: string): string =>
    path.join(folder, createHash('sha256').update(`${machine}\n${name}`).digest('hex') + suffix);
  return {
    async read(name) {
      const file = fileOf(name);
      try {
        const found = deserialize(await readFile(file)) as CachedProgram;
        const now = new Date();
        utimes(file, now, now).catch(() => undefined);
        return found;
      } catch {
        return undefined;
      }
    },
    async write(name, optimized, rest) {
      try {
        const model = await readFile(optimized);
        await rm(optimized);
        await writeAtomically(fileOf(name), serialize({ ...rest, model }));
        await dropOldestFiles(folder);
      } catch {
        // Such as a full disk.
        await rm(optimized, { force: true }).catch(() => undefined);
      }
    },
    async temporary() {
      try {
        await makeFolder(folder);
        await sweepTemporary(folder, temporaryPrefix);
        return path.join(folder, `${temporaryPrefix}${temporaryTag()}.tmp`);
      } catch {
        return undefined;
      }
    },
  };
}

async function dropOldestFiles(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(suffix));
  const files = await Promise.all(
    names.map(async (name) => {
      const file = path.join(folder, name);
      const { size, mtimeMs } = await stat(file);
      return { file, size, used: mtimeMs };
    }),
  );
  files.sort((a, b) => b.used - a.used);
  let bytes = 0;
  for (const { file, size } of files) {
    bytes += size;
    if (bytes > mostBytes) await rm(file, { force: true });
  }
}
