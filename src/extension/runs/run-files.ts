/** Reads what a run folder says of itself. Any of it may be missing, half written or by another hand. */
import { withoutNull } from '../../base/defined';
import type { BestSoFar } from '../../protocol/run';
import { FileType, Uri, workspace } from 'vscode';
import { type RunState as KnownState, stateOf } from '../../config/run-state';
import { largestJson, parseRunStatus } from '../../config/run-status';
import { isFlowscopeFile } from '../view-types';
import { type Holder, holderOf, largestLock, lockName, parseLock } from '../../config/train-lock';
import { readFile, stat } from 'node:fs/promises';

export type RunState = KnownState | 'unreadable';

export interface RunFolder {
  uri: Uri;
  state: RunState;
  message?: string;
  step?: number;
  best?: BestSoFar;
  /** Milliseconds since 1970. */
  updated: number;
}

/** Whether a process trains the run, or would if it were not paused. */
export function isTrained({ state }: Pick<RunFolder, 'state'>): boolean {
  return state === 'running' || state === 'paused';
}

export interface CheckpointFile {
  uri: Uri;
  kind: 'best' | 'last' | 'step';
  /** Step of periodic checkpoints, from the file's name. */
  step?: number;
  bytes: number;
}

/** The process that trains a run, by its lock; undefined where there is none. `now` is compared to the time of the heartbeat. */
export async function readHolder(run: Uri, now = Date.now()): Promise<Holder | undefined> {
  const file = Uri.joinPath(run, lockName);
  try {
    const { mtime, size } = await statOf(file);
    const text = size <= largestLock ? await textOf(file) : '';
    return await holderOf(parseLock(text), () => now - mtime);
  } catch {
    return undefined;
  }
}

/**
 * Returns undefined for a run.json that Flowscope did not write. `now` is compared to the time of the last sign of life, where the
 * process that trains cannot be seen from here.
 */
export async function readRun(runFile: Uri, now = Date.now()): Promise<RunFolder | undefined> {
  const uri = Uri.joinPath(runFile, '..');
  let updated = 0;
  try {
    const { mtime, size } = await statOf(runFile);
    updated = mtime;
    if (size > largestJson) return undefined;
    const record = parseRunStatus(await textOf(runFile));
    if (!record) return undefined;
    const { status, best, message, step } = record;
    return {
      uri,
      state: stateOf(status, await readHolder(uri, now), now - updated),
      message: message ?? undefined,
      step: step ?? undefined,
      best: best ? withoutNull(best) : undefined,
      updated,
    };
  } catch (error) {
    if (!(await isRunFolder(uri))) return undefined;
    return { uri, state: 'unreadable', message: (error as Error).message, updated };
  }
}

/** The checkpoints of a run: best, last, then the periodic ones, newest first. */
export async function readCheckpoints(run: Uri): Promise<CheckpointFile[]> {
  const folder = Uri.joinPath(run, 'checkpoints');
  const names = await workspace.fs.readDirectory(folder).then(
    (entries) => entries.filter(([, type]) => (type & FileType.File) !== 0).map(([name]) => name),
    () => [],
  );
  const files = await Promise.all(
    names
      .filter((name) => isFlowscopeFile({ path: name }))
      .map(async (name): Promise<CheckpointFile> => {
        const uri = Uri.joinPath(folder, name);
        const bytes = await workspace.fs.stat(uri).then(
          (stat) => stat.size,
          () => 0,
        );
        if (name.startsWith('best.')) return { uri, kind: 'best', bytes };
        if (name.startsWith('last.')) return { uri, kind: 'last', bytes };
        const step = /^step-(\d+)\./.exec(name)?.[1];
        return { uri, kind: 'step', step: step === undefined ? undefined : Number(step), bytes };
      }),
  );
  const rank = { best: 0, last: 1, step: 2 };
  return files.sort((a, b) => rank[a.kind] - rank[b.kind] || (b.step ?? 0) - (a.step ?? 0));
}

/** The run folder that a checkpoint lies in, or undefined. */
export async function runOfCheckpoint(file: Uri): Promise<Uri | undefined> {
  for (const up of ['../..', '..']) {
    const folder = Uri.joinPath(file, up);
    if (await isRunFolder(folder)) return folder;
  }
  return undefined;
}

export async function isRunFolder(folder: Uri): Promise<boolean> {
  return (
    (await exists(Uri.joinPath(folder, 'metrics.jsonl'))) ||
    (await exists(Uri.joinPath(folder, 'config.json')))
  );
}

export async function exists(uri: Uri): Promise<boolean> {
  return workspace.fs.stat(uri).then(
    () => true,
    () => false,
  );
}

/**
 * Bytes, and milliseconds since 1970. VS Code's own reading goes by way of its window, which takes most of the time for
 * thousands of files.
 * @throws Error for anything but a file, such as a pipe, which would be waited for without end
 */
export async function statOf(uri: Uri): Promise<{ size: number; mtime: number }> {
  if (uri.scheme !== 'file') return workspace.fs.stat(uri);
  const info = await stat(uri.fsPath);
  if (!info.isFile()) throw new Error(`${uri.fsPath} is no file`);
  return { size: info.size, mtime: Math.floor(info.mtimeMs) };
}

async function textOf(uri: Uri): Promise<string> {
  const bytes = await (uri.scheme === 'file' ? readFile(uri.fsPath) : workspace.fs.readFile(uri));
  return new TextDecoder().decode(bytes);
}
