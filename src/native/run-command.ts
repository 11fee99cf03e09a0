/** Runs a program to its end, without a shell, and keeps the end of what it printed for the error message. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface CommandOptions {
  /** A folder of our own making; by default a new and empty one, which is removed afterwards. */
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  signal?: AbortSignal;
  /** Milliseconds after which the program is killed; none by default. */
  timeout?: number;
}

class CommandError extends Error {
  override readonly name = 'CommandError';
}

/**
 * Resolves to the standard output. Throws a CommandError where the program is absent or does not end with 0.
 *
 * Never runs in the current folder, which may be anybody's: Python takes a `pip.py` there for pip, Windows looks for
 * programs there first, and so does every search path with an empty entry.
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  if (options.cwd !== undefined) return runIn(options.cwd, command, args, options);
  const empty = await mkdtemp(path.join(tmpdir(), 'flowscope-run-'));
  try {
    return await runIn(empty, command, args, options);
  } finally {
    // On Windows a program that was killed may hold it a little longer.
    await rm(empty, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
  }
}

function runIn(
  cwd: string,
  command: string,
  args: readonly string[],
  { env = process.env, signal, timeout }: CommandOptions,
): Promise<string> {
  // Modules that NODE_OPTIONS preloads may be relative to the folder that we were called in.
  const { NODE_OPTIONS: _, ...rest } = env;
  // Not the limit of spawn, whose timer goes on where there is no such program.
  const limits = [signal ?? [], timeout === undefined ? [] : AbortSignal.timeout(timeout)].flat();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...rest, PYTHONSAFEPATH: '1' },
      signal: AbortSignal.any(limits),
      windowsHide: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let errors = '';
    child.stdout
      .setEncoding('utf8')
      .on('data', (text: string) => (output = (output + text).slice(-1_000_000)));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-20_000)));
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (signal?.aborted) reject(signal.reason as Error);
      else if (error.name === 'AbortError')
        reject(new CommandError(`${command} took longer than ${timeout} ms`));
      else reject(new CommandError(error.code === 'ENOENT' ? `${command} was not found` : error.message));
    });
    child.once('close', (code, killedBy) => {
      const end = killedBy ? `was ended by ${killedBy}` : `ended with ${code}`;
      if (code === 0) resolve(output);
      else if (signal?.aborted) reject(signal.reason as Error);
      else reject(new CommandError(`${command} ${args[0] ?? ''} ${end}: ${lastWords(errors || output)}`));
    });
  });
}

/**
 * What JavaScript prints in a process of Node of its own, which alone ends where a library crashes.
 * @param program runs without our files
 * @param env besides our own
 */
export async function runNode(
  program: string,
  argument: string,
  { env, ...options }: CommandOptions = {},
): Promise<string> {
  const fullEnv = { ...process.env, ...env, ELECTRON_RUN_AS_NODE: '1' };
  return (await runCommand(process.execPath, ['-e', program, argument], { ...options, env: fullEnv })).trim();
}

/** The line that names the error, or the last line. */
function lastWords(text: string): string {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  return (lines.find((line) => /\berror\b/i.test(line)) ?? lines.at(-1) ?? 'no message').trim().slice(0, 240);
}

/** The first of the programs that runs with the arguments and ends with 0, or undefined. */
export async function firstWorking(
  commands: readonly string[],
  args: readonly string[],
  signal?: AbortSignal,
): Promise<{ command: string; output: string } | undefined> {
  for (const command of commands) {
    try {
      return { command, output: (await runCommand(command, args, { signal, timeout: 30_000 })).trim() };
    } catch {
      signal?.throwIfAborted();
    }
  }
  return undefined;
}
