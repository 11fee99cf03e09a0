/**
 * One writer per run folder. Who trains a run holds `train.lock` in it, a file that only one process can create, on network
 * file systems too. A lock whose process is gone is taken over.
 */
import { randomUUID } from 'node:crypto';
import { link, lstat, open, readFile, rm, writeFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import {
  beatEvery,
  holderOf,
  largestLock,
  lockName,
  lockOfThisProcess,
  parseLock,
  silentAfter,
  type Holder,
  type TrainLock,
} from '../config/train-lock';
import { UserError } from '../base/user-error';
import { patiently, writeError, temporaryTag } from '../files/atomic';
import { readError } from '../files/read';

export interface RunLock {
  /** @throws UserError when another process has taken the run over: nothing may be written to it any more */
  check(): Promise<void>;
  /** May be called again. */
  release(): Promise<void>;
}

/** Milliseconds since 1970, for files of a folder. */
type Clock = (folder: string) => number | Promise<number>;

/**
 * The process that trains the run in a folder; undefined where no lock names one.
 * @param clock that heartbeats are compared with; by default the file server's, read by writing a file
 */
export async function readHolder(folder: string, clock?: Clock): Promise<Holder | undefined> {
  return lookAt(path.join(folder, lockName), clock);
}

/**
 * @param takeOver a run whose trainer is on another machine and has been silent for long
 * @throws UserError that names who trains the run
 */
export async function refuseTrained(folder: string, takeOver = false): Promise<void> {
  const holder = await readHolder(folder);
  if (holder && !mayBreak(holder, takeOver)) throw refusal(folder, holder);
}

/**
 * Takes a run for training. The folder has to exist.
 * @param takeOver also from a trainer on another machine that has been silent for long
 * @param every milliseconds between heartbeats
 * @throws UserError that names who trains the run, or when the folder cannot be written
 */
export async function takeRun(folder: string, takeOver = false, every = beatEvery): Promise<RunLock> {
  const file = path.join(folder, lockName);
  const { handle, text, id } = await take(file, takeOver, 2 * every);
  const worker = new Worker(beat, {
    eval: true,
    execArgv: [],
    workerData: { descriptor: handle.fd, text, every },
  });
  // Without heartbeats the lock still holds against every process that sees this one.
  worker.on('error', () => undefined);
  worker.unref();
  let released = false;
  const owner = async (): Promise<TrainLock | undefined> => readLock(file).catch(() => undefined);
  return {
    async check() {
      const now = await owner();
      if (!now || now.id === id) return;
      throw new UserError(
        `${folder}: was taken over by ${nameOf(now)}. This training ends and writes nothing more.`,
      );
    },
    async release() {
      if (released) return;
      released = true;
      await worker.terminate();
      await handle.close().catch(() => undefined);
      // One that cannot be removed is taken over as soon as this process has ended.
      if ((await owner())?.id === id) await remove(file).catch(() => undefined);
    },
  };
}

/**
 * On a thread of its own, since a step of training is one call that blocks its thread, and timers do not get their turn between
 * the steps of a validation. It writes through the handle that created the file: the time is the file server's, as is the one it
 * is compared with, and a lock of another process at the same place is not touched.
 */
const beat = `
const { fsyncSync, writeSync } = require('node:fs');
const { descriptor, text, every } = require('node:worker_threads').workerData;
setInterval(() => {
  try {
    writeSync(descriptor, text, 0);
    fsyncSync(descriptor);
  } catch {
    // The next one may reach the disk.
  }
}, every);
`;

interface Taken {
  handle: FileHandle;
  text: string;
  id: string;
}

/** How often to look again at a lock that does not say whose it is: it is being written, which takes a moment. */
const looks = 20;

/** @param watch milliseconds in which a process that lives gives a sign of it */
async function take(file: string, takeOver: boolean, watch: number): Promise<Taken> {
  for (let look = 1; ; look++) {
    const taken = await create(file);
    if (taken) return taken;
    const holder = await lookAt(file);
    if (holder && mayBreak(holder, takeOver)) await remake(file, holder, takeOver, watch);
    else if (holder && (holder.owner || look >= looks)) throw refusal(path.dirname(file), holder);
    else await sleep(50);
  }
}

function mayBreak(holder: Holder, takeOver: boolean): boolean {
  return holder.liveness === 'gone' || ((holder.liveness === 'silent' || isAhead(holder)) && takeOver);
}

/** Heartbeats set the file server's time: one of its future says nothing of how long ago it was. */
function isAhead({ age }: Holder): boolean {
  return age < -silentAfter;
}

/**
 * Removes a lock that was left behind. Only who holds the lock named after it may do so, and looks once more: of two that found
 * it, the later one would remove the new lock of the first.
 */
async function remake(file: string, lock: Held, takeOver: boolean, watch: number): Promise<void> {
  const id = lock.owner?.id;
  const right = `${file}.${id ?? 'damaged'}`;
  const { handle } = await take(right, takeOver, watch);
  await handle.close();
  try {
    // A clock that was set back makes the time of a trainer that lives look ahead, until its next heartbeat.
    if (isAhead(lock)) await sleep(watch);
    const holder = await lookAt(file);
    if (!holder || holder.owner?.id !== id || !mayBreak(holder, takeOver)) return;
    if (isAhead(lock) && holder.beat !== lock.beat) throw refusal(path.dirname(file), holder);
    await remove(file);
  } finally {
    await remove(right);
  }
}

/**
 * Undefined when there is one already. The lock has its content from the start: if a process created it empty and was
 * killed, the others could not tell for two minutes whether the run is being trained.
 */
async function create(file: string): Promise<Taken | undefined> {
  const id = randomUUID();
  const text = `${JSON.stringify(lockOfThisProcess(id), null, 2)}\n`;
  const temporary = path.join(path.dirname(file), `.${lockName}.${temporaryTag()}.tmp`);
  const handle = await open(temporary, 'wx').catch((error: unknown) => {
    throw writeError(file, error);
  });
  try {
    await handle.writeFile(text);
    await handle.sync();
    await link(temporary, file);
    return { handle, text, id };
  } catch (error) {
    await handle.close();
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return undefined;
    if (noLinks.has(code)) return await createPlain(file, id, text);
    throw writeError(file, error);
  } finally {
    await remove(temporary).catch(() => undefined);
  }
}

/** Some file systems, such as exFAT, have no second names for a file. */
const noLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EMLINK']);

async function createPlain(file: string, id: string, text: string): Promise<Taken | undefined> {
  let handle: FileHandle;
  try {
    handle = await patiently(() => open(file, 'wx'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw writeError(file, error);
  }
  try {
    await handle.writeFile(text);
    await handle.sync();
    return { handle, text, id };
  } catch (error) {
    await handle.close();
    await remove(file).catch(() => undefined);
    throw writeError(file, error);
  }
}

function remove(file: string): Promise<void> {
  return patiently(() => rm(file, { force: true }));
}

interface Held extends Holder {
  /** When the last heartbeat was, in the file server's time. */
  beat: number;
}

async function lookAt(file: string, clock: Clock = serverTime): Promise<Held | undefined> {
  try {
    const { mtimeMs: beat } = await lstat(file);
    const ageOf = async () => (await clock(path.dirname(file))) - beat;
    return { ...(await holderOf(await readLock(file), ageOf)), beat };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw readError(file, error);
  }
}

async function readLock(file: string): Promise<TrainLock | undefined> {
  const stats = await lstat(file);
  return stats.isFile() && stats.size <= largestLock ? parseLock(await readFile(file, 'utf8')) : undefined;
}

/** The time of the file server, whose clock set the heartbeats; our own where nothing can be written. */
async function serverTime(folder: string): Promise<number> {
  const probe = path.join(folder, `.${lockName}.${temporaryTag()}.tmp`);
  try {
    await writeFile(probe, '', { flag: 'wx' });
    return (await lstat(probe)).mtimeMs;
  } catch {
    return Date.now();
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
}

function nameOf({ pid, host, since }: TrainLock): string {
  return `process ${pid} on ${host} since ${since.slice(0, 19).replace('T', ' ')} UTC`;
}

function refusal(folder: string, holder: Holder): UserError {
  const { liveness, owner, age } = holder;
  const who = owner ? nameOf(owner) : `a process that is not named in ${lockName} yet`;
  if (liveness === 'silent' || isAhead(holder)) {
    const minutes = Math.round(Math.abs(age) / 60_000);
    const why = isAhead(holder)
      ? `which cannot be checked from here: ${lockName} is ${minutes} minutes ahead of the folder's clock`
      : `which has given no sign of life for ${minutes} minutes and cannot be checked from here`;
    return new UserError(
      `${folder}: was being trained by ${who}, ${why}. ` +
        'If you are sure that it has ended, take over the run (flowscope train --resume --take-over).',
    );
  }
  return new UserError(
    `${folder}: is being trained by ${who}. Two trainings would corrupt the run. Stop that one first, or choose another folder.`,
  );
}
