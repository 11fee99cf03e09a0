/** The log density that a flow is compared with: a built-in one, or a function of a Python file, in a separate process. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../base/user-error';
import { expectedTarget, functionTarget, isPython, isTargetName } from '../../config/targets';
import { CancelledError } from '../../protocol/wire';
import type { Backend } from '../backends/backend';
import { findPython, pythonPlace } from '../training/launch/python';
import { tracedTarget, type Target } from './traced-target';

export interface TargetOptions {
  /** Computes a target in operations of TensorFlow.js. */
  backend: Pick<Backend, 'compile'>;
  /** The observation, for a function of two arguments; data units. */
  condition?: ArrayLike<number> | undefined;
  /** Seconds that a batch may take. */
  timeout?: number;
  signal?: AbortSignal | undefined;
}

const usualTimeout = 120;
/** Letters of standard error that are kept for a message. */
const keptWords = 4000;

/** `FILE.py:FUNCTION`; the name is log_prob without one. @throws UserError for another form, or where there is no such file */
export function targetOf(text: string): { file: string; name: string } {
  const [, named = '', name = 'log_prob'] = functionTarget.exec(text) ?? [];
  if (!named) throw new UserError(`A target is ${JSON.stringify(text)}; ${expectedTarget}.`);
  const file = path.resolve(named);
  if (!existsSync(file)) throw new UserError(`${named}: there is no such file.`);
  return { file, name };
}

/** A target by its name or its file. @throws UserError as `startTarget` */
export async function openTarget(text: string, options: TargetOptions): Promise<Target> {
  const traced = isTargetName(text) || (functionTarget.test(text) && !isPython(text));
  return traced ? tracedTarget(text, options) : startTarget(text, options);
}

/**
 * Starts Python and runs the file: it is code, so a user has to have named it.
 * @throws UserError where Python or NumPy is missing, or the file fails
 */
async function startTarget(text: string, options: TargetOptions): Promise<Target> {
  const { file, name } = targetOf(text);
  const { condition, timeout = usualTimeout, signal } = options;
  const { command } = await findPython(process.env, { purpose: 'A target', needs: ['numpy'] });
  const child = spawn(command, ['-m', 'flowscope.target', file, name, String(condition?.length ?? 0)], {
    ...pythonPlace(),
    windowsHide: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (more: string) => (words = (words + more).slice(-keptWords)));
  child.stdin.on('error', () => undefined);
  const messages = readMessages(child.stdout);
  const ended = new Promise<never>((_, reject) => {
    const fail = (how: string): void =>
      reject(new UserError(`${text}: Python ${how}.${words ? `\n${words.trim()}` : ''}`));
    child.once('error', (error) => fail(`cannot be run (${error.message})`));
    child.once('close', (code, killed) => fail(killed ? `was ended by ${killed}` : `ended with ${code}`));
  });
  ended.catch(() => undefined);
  const end = (): void => void child.kill();
  const answer = async (rows: number): Promise<Buffer> => {
    const answered = new AbortController();
    const limits = AbortSignal.any([answered.signal, ...(signal ? [signal] : [])]);
    const limit = sleep(timeout * 1000, undefined, { signal: limits }).then(
      () =>
        Promise.reject(
          new UserError(`${text}: took longer than ${timeout} s${rows ? ` for ${rows} rows` : ''}.`),
        ),
      () => Promise.reject(new CancelledError()),
    );
    limit.catch(() => undefined);
    try {
      const { head, body } = await Promise.race([messages.next(rows * 8), ended, limit]);
      if (typeof head['error'] === 'string') throw new UserError(`${text}: ${head['error']}`);
      return body;
    } catch (error) {
      end();
      throw error;
    } finally {
      answered.abort();
    }
  };
  await answer(0);
  if (condition) child.stdin.write(bytesOf(Float32Array.from(condition)));
  return {
    async logDensity(x, n) {
      child.stdin.write(`${JSON.stringify({ rows: n, features: x.length / n })}\n`);
      child.stdin.write(bytesOf(x));
      const body = await answer(n);
      return Float64Array.from({ length: n }, (_, i) => body.readDoubleLE(8 * i));
    },
    end,
  };
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

/** Lines of JSON with bytes behind them; a message with an error has none. */
function readMessages(stream: NodeJS.ReadableStream): {
  next(bytes: number): Promise<{ head: Record<string, unknown>; body: Buffer }>;
} {
  let kept = Buffer.alloc(0);
  let wake: (() => void) | undefined;
  stream.on('data', (more: Buffer) => {
    kept = Buffer.concat([kept, more]);
    wake?.();
  });
  const more = (): Promise<void> => new Promise((resolve) => (wake = resolve));
  return {
    async next(bytes) {
      let line = kept.indexOf(10);
      for (; line < 0; line = kept.indexOf(10)) await more();
      const head = JSON.parse(kept.subarray(0, line).toString()) as Record<string, unknown>;
      const size = 'error' in head ? 0 : bytes;
      while (kept.length < line + 1 + size) await more();
      const body = Buffer.from(kept.subarray(line + 1, line + 1 + size));
      kept = kept.subarray(line + 1 + size);
      return { head, body };
    },
  };
}
