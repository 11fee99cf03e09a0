/** The command line in the process of a test: all of it but the start of a process and the loading of libraries for each call. */
import { commands } from '../../../src/cli/commands/all';
import { run } from '../../../src/cli/run';
import { memoryTerminal, noSignals } from './memory-terminal';

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** One thread: several test files run at a time, and the others are started from the built `onnx-thread.js`. */
export async function runHere(...args: string[]): Promise<Outcome> {
  const terminal = memoryTerminal();
  const code = await run([...args, '--threads', '1'], {
    commands,
    version: '0',
    terminal,
    stopping: noSignals(),
  });
  return { code, stdout: terminal.stdout(), stderr: terminal.stderr() };
}
