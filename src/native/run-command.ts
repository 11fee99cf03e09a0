/** Runs a program to its end, without a shell, and keeps the end of what it printed for the error message. */
import { spawn } from 'node:child_process';

export interface CommandOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  signal?: AbortSignal;
  /** Milliseconds after which the program is killed; none by default. */
  timeout?: number;
}

class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** Resolves to the standard output. Throws a CommandError where the program is absent or does not end with 0. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { cwd, env, signal, timeout } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: env ?? process.env,
      signal,
      timeout,
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

/** The line that names the error, or the last line. */
function lastWords(text: string): string {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  return (lines.find((line) => /\berror\b/i.test(line)) ?? lines.at(-1) ?? 'no message').trim().slice(0, 240);
}

/** The first of the programs that runs with the arguments and ends with 0, or undefined. */
export async function firstWorking(
  candidates: readonly (readonly [string, ...string[]])[],
  signal?: AbortSignal,
): Promise<{ command: string; args: string[]; output: string } | undefined> {
  for (const [command, ...args] of candidates) {
    try {
      return { command, args, output: (await runCommand(command, args, { signal, timeout: 30_000 })).trim() };
    } catch {
      signal?.throwIfAborted();
    }
  }
  return undefined;
}
