/** Names of temporary files and folders, which say whose they are, so that what a killed process left can be removed. */
import { createHash, randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { processSpace } from '../base/process-space';

/** Id of the machine, or the container, whose process ids count. */
const place = createHash('sha256')
  .update(`${hostname()} ${processSpace() ?? ''}`)
  .digest('hex')
  .slice(0, 8);

/** 24 hexadecimal digits: place, process and chance. */
export function temporaryTag(): string {
  return `${place}${process.pid.toString(16).padStart(8, '0')}${randomBytes(4).toString('hex')}`;
}

/** What starts with the prefix, then a tag, and is of a process of this machine that has ended. Never fails. */
export async function abandoned(folder: string, prefix: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.startsWith(prefix) && isGone(name.slice(prefix.length)));
}

/** Removes what is abandoned. Never fails. */
export async function sweepTemporary(folder: string, prefix: string): Promise<void> {
  const left = await abandoned(folder, prefix);
  await Promise.all(
    left.map((name) => rm(path.join(folder, name), { recursive: true, force: true }).catch(() => undefined)),
  );
}

function isGone(rest: string): boolean {
  const [, where, pid] = /^([0-9a-f]{8})([0-9a-f]{8})[0-9a-f]{8}(\.tmp)?$/.exec(rest) ?? [];
  if (where !== place || pid === undefined) return false;
  try {
    process.kill(Number.parseInt(pid, 16), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
