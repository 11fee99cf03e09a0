/**
 * Steering a training through its run folder, so that any process on any machine can do it: `control.json` is the last
 * request, which the loop looks for a few times a second; `rates.json` says from which step on which learning rate
 * counts, which a resumed run needs to go on exactly.
 */
import { randomUUID } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import { defined } from '../base/defined';
import { positive, positiveInteger } from '../config/fields';
import { checkControl, parseControl, type ControlRequest, type NamedRequest } from '../config/control';
import { largestJson } from '../config/run-status';
import { exists } from '../base/exists';
import { jsonIn } from '../base/json-parts';
import { UserError } from '../base/user-error';
import { writeAtomically } from '../files/atomic';
import { readError, readText } from '../files/read';
import type { RateChange } from '../protocol/run';
import { openRun, readStatus } from './run-folder';
import { readHolder } from './run-lock';

export function controlFile(folder: string): string {
  return path.join(folder, 'control.json');
}

function ratesFile(folder: string): string {
  return path.join(folder, 'rates.json');
}

/**
 * Leaves a request for the process that trains the run; the answer appears in run.json under its id. What an earlier request
 * asks for and the run has not read yet is asked for again: two requests in quick succession both count.
 * @throws UserError for a request that makes no sense, a folder that is not a run, or a run that says it has ended
 */
export async function requestControl(folder: string, input: unknown): Promise<NamedRequest> {
  const request: ControlRequest = checkControl(input);
  const { paths } = await openRun(folder);
  const { status, control } = (await readStatus(paths)) ?? {};
  if (status !== 'running' && status !== 'paused') {
    throw new UserError(
      `${folder}: is not being trained (${status ? `it is ${status}` : 'it has no run.json'}). Resume the run first.`,
    );
  }
  const holder = await readHolder(folder);
  if (holder?.liveness === 'gone') {
    throw new UserError(
      `${folder}: is not being trained: its process ${holder.owner?.pid} has ended. Resume the run first.`,
    );
  }
  const waiting = await waitingControl(folder, control?.id);
  const named: NamedRequest = { ...waiting, ...request, id: randomUUID() };
  await writeAtomically(controlFile(folder), `${JSON.stringify(named, null, 2)}\n`);
  return named;
}

/** The request that lies in the folder, unless it was heard or makes no sense. */
async function waitingControl(folder: string, heard: string | undefined): Promise<ControlRequest> {
  const text = await readText(controlFile(folder), largestJson).catch(() => undefined);
  if (text === undefined || idOf(text) === heard) return {};
  try {
    const { action, learningRate } = parseControl(text);
    return defined({ action, learningRate });
  } catch (error) {
    if (error instanceof UserError) return {};
    throw error;
  }
}

/** A request that was left before this training began is not meant for it. */
export async function forgetControl(folder: string): Promise<void> {
  await rm(controlFile(folder), { force: true });
}

/** `next` gives the request, if it is not the one from the last call. A broken file is a problem that is reported once. */
export function createControlReader(folder: string) {
  const file = controlFile(folder);
  let seen = '';
  return {
    async next() {
      const stats = await stat(file).catch(() => undefined);
      if (!stats) return undefined;
      const stamp = `${stats.mtimeMs} ${stats.size} ${stats.ino}`;
      if (stamp === seen) return undefined;
      const text = await readText(file, largestJson).catch(() => undefined);
      // On a share the folder may name a file that cannot be read yet.
      if (text === undefined) return undefined;
      seen = stamp;
      try {
        const request = parseControl(text);
        return { id: request.id, request };
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        return { id: idOf(text), problem: error.message };
      }
    },
  };
}

/** Id of the request that lies in the folder, if any. */
export async function requestedControl(folder: string): Promise<string | undefined> {
  const text = await readText(controlFile(folder), largestJson).catch(() => undefined);
  return text === undefined ? undefined : idOf(text) || undefined;
}

function idOf(text: string): string {
  const { id } = (jsonIn(text) ?? {}) as { id?: unknown };
  return typeof id === 'string' ? id : '';
}

const ratesSchema = v.array(v.object({ step: positiveInteger, learningRate: positive }));

/** By ascending step. None where the rate was never changed. @throws UserError for a damaged file */
export async function readRates(folder: string): Promise<RateChange[]> {
  const file = ratesFile(folder);
  let text: string;
  try {
    if (!(await exists(file))) return [];
    text = await readText(file, largestJson);
  } catch (error) {
    throw readError(file, error);
  }
  const parsed = v.safeParse(ratesSchema, jsonIn(text), { abortEarly: true });
  if (!parsed.success) {
    throw new UserError(
      `${file}: is damaged; expected a list of {"step": …, "learningRate": …}. Fix it, or delete it to continue with the learning rate of the config.`,
    );
  }
  return parsed.output.sort((a, b) => a.step - b.step);
}

export async function writeRates(folder: string, rates: readonly RateChange[]): Promise<void> {
  await writeAtomically(ratesFile(folder), `${JSON.stringify(rates, null, 2)}\n`);
}

/** The later wish counts: changes from its step on are dropped. */
export function withRate(rates: readonly RateChange[], change: RateChange): RateChange[] {
  return [...rates.filter(({ step }) => step < change.step), change];
}
