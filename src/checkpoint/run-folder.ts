/** A run on disk. Whoever follows a run reads these files, so a run that was trained elsewhere can be followed too. */
import { withoutNull } from '../base/defined';
import { exists } from '../base/exists';
import { appendFile, mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { parseTrainedConfig } from '../config/parse';
import type { StoredConfig } from '../config/schema';
import { UserError } from '../base/user-error';
import { openFile, readError, readText } from '../files/read';
import type { BestSoFar, MetricsRow, ControlAnswer, NotFinite } from '../protocol/run';
import type { CheckpointInfo } from '../protocol/model';
import { writeAtomically, writeError, makeFolder, sweepTemporary } from '../files/atomic';
import { largestJson, parseRunStatus } from '../config/run-status';
import { lockName } from '../config/train-lock';
import { readCheckpointHeader } from './checkpoint';
import { readRecordingHeader } from './recording/read';
import { linesIn, longestLine, rowOf } from './metrics-tail';
import { refuseTrained, takeRun, type RunLock } from './run-lock';

export type RunPaths = ReturnType<typeof runPaths>;

export interface RunStatus {
  status: 'running' | 'paused' | 'finished' | 'stopped' | 'failed';
  message?: string;
  notFinite?: NotFinite;
  step: number;
  seconds: number;
  best?: BestSoFar;
  /** The last request of control.json that the loop has seen. */
  control?: ControlAnswer;
  /** ISO 8601, set when written. */
  updated: string;
}

const suffix = '.flow.safetensors';
/** Suffix of recordings by a training loop of another program (the Python package): what its flow did to a batch. */
const recordingSuffix = '.flowrec.safetensors';
const periodic = /^step-(\d+)\.flow(rec)?\.safetensors$/;

export function runPaths(folder: string) {
  const checkpoints = path.join(folder, 'checkpoints');
  const samples = path.join(folder, 'samples');
  const number = (step: number) => `step-${String(step).padStart(8, '0')}`;
  return {
    folder,
    config: path.join(folder, 'config.json'),
    metrics: path.join(folder, 'metrics.jsonl'),
    status: path.join(folder, 'run.json'),
    checkpoints,
    samples,
    best: path.join(checkpoints, `best${suffix}`),
    last: path.join(checkpoints, `last${suffix}`),
    // Recordings in their place, in a run of another program's loop.
    bestRecording: path.join(checkpoints, `best${recordingSuffix}`),
    lastRecording: path.join(checkpoints, `last${recordingSuffix}`),
    resume: path.join(checkpoints, 'last.resume.safetensors'),
    checkpoint: (step: number) => path.join(checkpoints, `${number(step)}${suffix}`),
    sample: (step: number) => path.join(samples, `${number(step)}.png`),
  };
}

/** A folder is a run when it has a config and a place for checkpoints. */
export async function isRunFolder(folder: string): Promise<boolean> {
  const { config, checkpoints } = runPaths(folder);
  return (await exists(config)) && (await exists(checkpoints));
}

/** A run that no other process may write to until its lock is released. */
export interface ClaimedRun {
  paths: RunPaths;
  lock: RunLock;
}

/**
 * Makes the folder of a new run, takes it, and writes its config.
 * @throws UserError when the folder holds anything already (nothing is overwritten), or another process was first
 */
export async function createRun(folder: string, config: StoredConfig): Promise<ClaimedRun> {
  const paths = runPaths(folder);
  await refuseTrained(folder);
  await refuseUsed(folder);
  await makeFolder(folder);
  const lock = await takeRun(folder);
  try {
    // Another process may have trained here since, from its start to its end.
    await refuseUsed(folder);
    await sweep(paths).catch(() => undefined);
    await makeFolders(paths);
    await writeConfig(paths, config);
    return { paths, lock };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

export async function writeConfig(paths: RunPaths, config: StoredConfig): Promise<void> {
  await writeAtomically(paths.config, `${JSON.stringify(config, null, 2)}\n`);
}

async function refuseUsed(folder: string): Promise<void> {
  const present: string[] = [];
  for (const name of await entries(folder)) {
    if (!(await isBeginning(folder, name))) present.push(name);
  }
  if (present.length === 0) return;
  throw new UserError(
    (await isRunFolder(folder))
      ? `${folder}: already holds a run. Resume it, or choose another folder.`
      : `${folder}: is not empty and not a run (it holds ${present.slice(0, 3).join(', ')}` +
          `${present.length > 3 ? ', …' : ''}). Choose an empty or new folder.`,
  );
}

/** What a start that was killed at once leaves, and what others make for a moment to tell how old a lock is. */
async function isBeginning(folder: string, name: string): Promise<boolean> {
  if (name.replace(/^\./, '').startsWith(lockName) || /^\.config\.json\.[0-9a-f]{24}\.tmp$/.test(name))
    return true;
  const { checkpoints, samples } = runPaths(folder);
  const place = path.join(folder, name);
  return (place === checkpoints || place === samples) && (await entries(place)).length === 0;
}

async function makeFolders({ folder, checkpoints, samples }: RunPaths): Promise<void> {
  try {
    await mkdir(checkpoints, { recursive: true });
    await mkdir(samples, { recursive: true });
  } catch (error) {
    throw writeError(folder, error);
  }
}

/**
 * Takes a run that is there, so that its training goes on, and removes what killed writers left.
 * @param takeOver also from a trainer on another machine that has been silent for long
 * @throws UserError when the folder is not a run, or another process trains it
 */
export async function claimRun(folder: string, takeOver = false): Promise<ClaimedRun> {
  const { paths } = await openRun(folder);
  const lock = await takeRun(folder, takeOver);
  await sweep(paths).catch(() => undefined);
  return { paths, lock };
}

/** What a trainer writes before it renames it, and locks for taking a lock over. Files of others are left alone. */
const leftover =
  /^(\.((run|config)\.json|metrics\.jsonl|rates\.json|(best|last|step-\d+)\.flow\.safetensors|last\.resume\.safetensors|step-\d+\.png)\.[0-9a-f]{12,24}\.tmp|train\.lock\..+)$/;

async function sweep(paths: RunPaths): Promise<void> {
  // Only files of ended processes: a process that is about to find the run taken has a lock of its own for a moment.
  await sweepTemporary(paths.folder, `.${lockName}.`);
  for (const folder of [paths.folder, paths.checkpoints, paths.samples]) {
    for (const name of await entries(folder)) {
      if (leftover.test(name)) await rm(path.join(folder, name), { force: true });
    }
  }
}

/** @throws UserError when the folder is not a run or its config is damaged */
export async function openRun(folder: string): Promise<{ paths: RunPaths; config: StoredConfig }> {
  const paths = runPaths(folder);
  if (!(await isRunFolder(folder)))
    throw new UserError(`${folder}: is not a run folder; expected config.json and checkpoints/ in it.`);
  try {
    return { paths, config: parseTrainedConfig(await readText(paths.config, largestJson), paths.config) };
  } catch (error) {
    throw readError(paths.config, error);
  }
}

/** Adds a line. Values that are not finite are left out, since JSON has no word for them. */
export async function appendMetrics(paths: RunPaths, row: MetricsRow): Promise<void> {
  try {
    await appendFile(paths.metrics, metricsLine(row));
  } catch (error) {
    throw writeError(paths.metrics, error);
  }
}

/** Rows in file order. A torn last line, left by a crash or caught half written, is passed over. */
export async function readMetrics(paths: RunPaths): Promise<MetricsRow[]> {
  const rows: MetricsRow[] = [];
  for await (const row of rowsIn(paths)) rows.push(row);
  return rows;
}

/** One after the other: all of them would be too much text for one string after some million steps. */
async function* rowsIn(paths: RunPaths): AsyncGenerator<MetricsRow> {
  if (!(await exists(paths.metrics))) return;
  const handle = await openFile(paths.metrics);
  try {
    for await (const line of linesIn(handle, longestLine)) {
      const row = rowOf(line);
      if (row) yield row;
    }
  } catch (error) {
    throw readError(paths.metrics, error);
  } finally {
    await handle.close();
  }
}

/** Drops the rows after a step, so that a resumed run writes them again; mends a torn last line. */
export async function truncateMetrics(paths: RunPaths, step: number): Promise<void> {
  await writeAtomically(paths.metrics, linesUpTo(paths, step));
}

const linesAtOnce = 1000;

async function* linesUpTo(paths: RunPaths, step: number): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  let lines: string[] = [];
  for await (const row of rowsIn(paths)) {
    if (row.step > step) continue;
    lines.push(metricsLine(row));
    if (lines.length < linesAtOnce) continue;
    yield encoder.encode(lines.join(''));
    lines = [];
  }
  yield encoder.encode(lines.join(''));
}

export async function writeStatus(paths: RunPaths, status: Omit<RunStatus, 'updated'>): Promise<void> {
  const full: RunStatus = { ...status, updated: new Date().toISOString() };
  await writeAtomically(paths.status, `${JSON.stringify(full, null, 2)}\n`);
}

/** Undefined when absent or unreadable: a run trained elsewhere may have none. */
export async function readStatus(paths: RunPaths): Promise<RunStatus | undefined> {
  const content = await readText(paths.status, largestJson)
    .then(parseRunStatus)
    .catch(() => undefined);
  if (!content || content.status === 'unknown') return undefined;
  const { status, message, step, seconds, best, control, updated } = content;
  const notFinite = status === 'failed' && (content.notFinite ?? notFiniteIn(message ?? ''));
  return {
    status,
    ...(typeof message === 'string' ? { message } : {}),
    ...(notFinite ? { notFinite: withoutNull(notFinite) } : {}),
    step: step ?? 0,
    seconds: seconds ?? 0,
    ...(best ? { best: withoutNull(best) } : {}),
    ...(control ? { control: withoutNull(control) } : {}),
    updated: typeof updated === 'number' ? new Date(updated).toISOString() : (updated ?? ''),
  };
}

/** Older files have it only in the sentence of their message. */
function notFiniteIn(message: string): NotFinite | undefined {
  const [, step, where] = /^Step (\d+) is not finite: (.*?)\. The last good/.exec(message) ?? [];
  if (where === undefined) return undefined;
  const layer = /of layer ([^\s;]+)/.exec(where)?.[1];
  return { step: Number(step), where, ...(layer ? { layer } : {}) };
}

/**
 * Checkpoints by ascending step, one for each step, the best one marked. A file that cannot be read is left out: one
 * damaged file does not hide the others.
 */
export async function listCheckpoints(paths: RunPaths): Promise<CheckpointInfo[]> {
  const bySteps = new Map<number, CheckpointInfo>();
  const names = (await entries(paths.checkpoints)).filter(
    (name) => name.endsWith(suffix) || name.endsWith(recordingSuffix),
  );
  // Periodic files last, so that they stand for their step: they do not change under a reader.
  names.sort((a, b) => Number(periodic.test(a)) - Number(periodic.test(b)));
  for (const name of names) {
    const file = path.join(paths.checkpoints, name);
    const header = await headerOf(file).catch(() => undefined);
    if (!header) continue;
    const before = bySteps.get(header.step);
    const best = file === paths.best || file === paths.bestRecording || before?.best === true;
    const { validationNats = before?.validationNats, validationBitsPerDim = before?.validationBitsPerDim } =
      header.metrics ?? {};
    bySteps.set(header.step, {
      path: file,
      step: header.step,
      validationNats,
      ...(validationBitsPerDim === undefined ? {} : { validationBitsPerDim }),
      best,
    });
  }
  return [...bySteps.values()].sort((a, b) => a.step - b.step);
}

interface KnownHeader {
  stamp: string;
  step: number;
  metrics?: MetricsRow;
}

/** Headers read before: a page that follows a run asks for the same files again and again. */
const knownHeaders = new Map<string, KnownHeader>();
const mostKnown = 1000;

async function headerOf(file: string): Promise<KnownHeader> {
  const { mtimeMs, size, ino } = await stat(file);
  const stamp = `${mtimeMs} ${size} ${ino}`;
  const known = knownHeaders.get(file);
  if (known?.stamp === stamp) return known;
  const { step = 0, metrics }: { step?: number; metrics?: MetricsRow } = file.endsWith(recordingSuffix)
    ? await readRecordingHeader(file)
    : await readCheckpointHeader(file);
  const header = { stamp, step, ...(metrics ? { metrics } : {}) };
  if (knownHeaders.size >= mostKnown) knownHeaders.clear();
  knownHeaders.set(file, header);
  return header;
}

/** Removes the oldest periodic checkpoints beyond `keep`. The best and the last have files of their own and stay. */
export async function pruneCheckpoints(paths: RunPaths, keep: number): Promise<string[]> {
  const old = (await entries(paths.checkpoints))
    .filter((name) => periodic.test(name))
    .sort((a, b) => stepOf(a) - stepOf(b))
    .slice(0, -keep || undefined)
    .map((name) => path.join(paths.checkpoints, name));
  await Promise.all(old.map((file) => rm(file, { force: true })));
  return old;
}

/** Removes periodic checkpoints and samples after a step: a resumed run makes them again. */
export async function dropAfter(paths: RunPaths, step: number): Promise<void> {
  for (const folder of [paths.checkpoints, paths.samples]) {
    for (const name of await entries(folder)) {
      if (stepOf(name) > step) await rm(path.join(folder, name), { force: true });
    }
  }
}

/** NaN for other names. */
function stepOf(name: string): number {
  return Number(/^step-(\d+)\.(flow(rec)?\.safetensors|png)$/.exec(name)?.[1] ?? NaN);
}

function metricsLine(row: MetricsRow): string {
  const finite = Object.entries(row).filter(([, value]) => Number.isFinite(value));
  return `${JSON.stringify(Object.fromEntries(finite))}\n`;
}

async function entries(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return [];
    if (code === 'ENOTDIR') throw new UserError(`${folder}: is a file; expected a folder.`);
    throw readError(folder, error);
  }
}
