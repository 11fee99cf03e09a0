/** `train.lock` in a run folder names the process that trains the run. Reads it, and checks whether that process is alive. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import * as v from 'valibot';
import { jsonIn } from '../base/json-parts';
import { processSpace } from '../base/process-space';

export const lockName = 'train.lock';

/** Bytes; longer files were not written by Flowscope. */
export const largestLock = 4096;

/** Milliseconds between two heartbeats, each of which sets the time of the file. */
export const beatEvery = 15_000;

/** A process that cannot be seen from here may have ended when its last heartbeat is older, ms. */
export const silentAfter = 120_000;

export const lockSchema = v.object({
  id: v.pipe(v.string(), v.uuid()),
  pid: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2 ** 31 - 1)),
  /** Shown in terminals, so that it holds no control characters. */
  host: v.pipe(v.string(), v.maxLength(255), v.regex(/^\P{C}+$/u)),
  /** Tells the process from a later one with the same id, where the system says (Linux). */
  start: v.optional(v.pipe(v.string(), v.maxLength(100))),
  /** The namespace that the process id counts in (Linux): containers share folders and may share a host name. */
  space: v.optional(v.pipe(v.string(), v.maxLength(100))),
  /** ISO 8601. */
  since: v.pipe(v.string(), v.isoTimestamp()),
});

export type TrainLock = v.InferOutput<typeof lockSchema>;

/**
 * - `alive`: it trains, or nothing says that it does not
 * - `gone`: its process has ended
 * - `silent`: its process cannot be seen from here, and gave no sign of life for two minutes
 */
export type Liveness = 'alive' | 'gone' | 'silent';

/** Who holds a run. */
export interface Holder {
  liveness: Liveness;
  /** Undefined where the file is being written or damaged. */
  owner?: TrainLock;
  /** Milliseconds since the last heartbeat; 0 where the process can be seen, negative where its time is ahead of the clock. */
  age: number;
}

/** Undefined for text that is not a lock, or not yet a whole one. */
export function parseLock(text: string): TrainLock | undefined {
  const result = v.safeParse(lockSchema, jsonIn(text));
  return result.success ? result.output : undefined;
}

/** What a lock says of this process. */
export function lockOfThisProcess(id: string): TrainLock {
  const start = startOf(process.pid);
  const space = processSpace();
  return {
    id,
    pid: process.pid,
    host: hostname(),
    ...(start ? { start } : {}),
    ...(space ? { space } : {}),
    since: new Date().toISOString(),
  };
}

/**
 * Judges a lock.
 * @param ageOf milliseconds since its last heartbeat; asked for only where its process cannot be seen from here
 */
export async function holderOf(
  owner: TrainLock | undefined,
  ageOf: () => number | Promise<number>,
): Promise<Holder> {
  const seen = owner && seenFromHere(owner);
  const age = seen ? 0 : await ageOf();
  return { liveness: seen ?? (age > silentAfter ? 'silent' : 'alive'), ...(owner ? { owner } : {}), age };
}

/** What the system says of the process where it can be seen from here; undefined elsewhere. A stopped process is alive. */
function seenFromHere({ pid, host, start, space }: TrainLock): 'alive' | 'gone' | undefined {
  if (host !== hostname() || space !== processSpace()) return undefined;
  const startNow = startOf(pid);
  if (startNow === undefined) return 'gone';
  // Where the system does not say when a process began, this may be another one with the same id.
  if (!start || !startNow) return undefined;
  return startNow === start ? 'alive' : 'gone';
}

/** Undefined where there is no such process; empty where there is one of which the system does not say when it began. */
function startOf(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // A process of another user may not be asked, but is there.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return undefined;
  }
  if (process.platform !== 'linux') return '';
  try {
    // The name of the program is in parentheses and may hold any character.
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    // A killed process stays in the table until its parent has asked for its end.
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}/${fields[19]}`;
  } catch {
    return '';
  }
}
