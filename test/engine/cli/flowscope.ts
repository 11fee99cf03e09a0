import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { runHere, type Outcome } from '../../unit/cli/run-here';

const program = path.resolve('dist', 'cli.js');

export interface Ended extends Outcome {
  signal: NodeJS.Signals | null;
}

export interface Running {
  child: ChildProcess;
  ended: Promise<Ended>;
  /** Resolves when standard error has shown the text. */
  shows(text: RegExp): Promise<void>;
}

/** Starts the built command line as a user's shell would. */
export function start(
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Running {
  assert.ok(existsSync(program), 'dist/cli.js is missing; run node scripts/build.mjs');
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    ...(options.cwd ? { cwd: options.cwd } : {}),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return {
    child,
    ended,
    shows: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (text.test(stderr)) resolve();
        };
        look();
        child.stderr.on('data', look);
        void ended.then(() => reject(new Error(`ended without showing ${text}: ${stderr}`)));
      }),
  };
}

export function flowscope(...args: string[]): Promise<Ended> {
  return start(args).ended;
}

/** Runs with --json, which has to succeed, and reads the one document on standard output. */
export const json = reading(flowscope);

type Json = <T = Record<string, unknown>>(...args: string[]) => Promise<T>;

function reading(call: (...args: string[]) => Promise<Outcome>): Json {
  return async <T>(...args: string[]) => {
    const { code, stdout, stderr } = await call(...args, '--json', '--quiet');
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as T;
  };
}

/** The same in the process of the test, for what is not about the process: half of the time of a short command is its start. */
export const here = { flowscope: runHere, json: reading(runHere) };
