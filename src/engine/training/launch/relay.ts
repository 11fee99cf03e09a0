/** A training in Python as a child of this process: its reports, and its end. */
import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { jsonIn } from '../../../base/json-parts';
import { UserError } from '../../../base/user-error';
import type { TrainProgress, TrainResult } from '../../../protocol/engine';
import { passiveWaiting } from './launchers';
import { pythonPlace } from './python';

export type Ending = Pick<TrainResult, 'status' | 'message' | 'step' | 'seconds' | 'best'>;

/** A line of what the training says. It is our own program, whatever it was given. */
interface Message {
  progress?: TrainProgress;
  log?: string;
  /** A file of values that a picture may be drawn of. */
  samples?: string;
  step?: number;
  result?: Ending;
  error?: string;
}

export interface RelayOptions {
  threads?: number | undefined;
  /** Aborting has the training finish its step and save. */
  signal?: AbortSignal | undefined;
  onProgress(progress: TrainProgress): void;
  onSamples(file: string, step: number): Promise<void>;
  log(line: string): void;
}

/** Lines of standard error that are shown where a training ends without a word. */
const keptLines = 15;

/** @throws UserError with what the training says is wrong, or with its last words */
export async function relay(
  command: string,
  args: readonly string[],
  options: RelayOptions,
): Promise<Ending> {
  const child = start(command, args, options.threads);
  const ended = new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(signal ? `was ended by ${signal}` : `ended with ${code}`));
  });
  // The end of its input tells it to stop; it also sees this when this process is killed.
  const stop = (): void => void child.stdin?.end();
  child.stdin?.on('error', () => undefined);
  options.signal?.addEventListener('abort', stop, { once: true });
  if (options.signal?.aborted) stop();
  const last: string[] = [];
  createInterface({ input: child.stderr! }).on('line', (line) => {
    options.log(line);
    last.push(line);
    if (last.length > keptLines) last.shift();
  });
  let result: Ending | undefined;
  let error: string | undefined;
  const pictures: Promise<void>[] = [];
  createInterface({ input: child.stdout! }).on('line', (line) => {
    const message = parse(line);
    if (!message) options.log(line);
    if (message?.progress) options.onProgress(message.progress);
    if (message?.log !== undefined) options.log(message.log);
    if (message?.samples !== undefined) pictures.push(options.onSamples(message.samples, message.step ?? 0));
    if (message?.result) result = message.result;
    if (message?.error !== undefined) {
      error = message.error;
      // What is wrong with a run stays wrong however often it is started again.
      child.kill('SIGTERM');
    }
  });
  try {
    const how = await ended;
    await Promise.all(pictures);
    if (result) return result;
    throw new UserError(error ?? `${path.basename(command)} ${how} while training:\n${last.join('\n')}`);
  } finally {
    options.signal?.removeEventListener('abort', stop);
  }
}

function start(command: string, args: readonly string[], threads: number | undefined): ChildProcess {
  const { cwd, env } = pythonPlace();
  return spawn(command, args, {
    cwd,
    // A group of its own: Ctrl-C is for us, and we tell.
    detached: process.platform !== 'win32',
    windowsHide: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      ...passiveWaiting,
      ...env,
      ...(threads === undefined ? {} : { OMP_NUM_THREADS: String(threads) }),
    },
  });
}

function parse(line: string): Message | undefined {
  return line.startsWith('{') ? (jsonIn(line) as Message | undefined) : undefined;
}
