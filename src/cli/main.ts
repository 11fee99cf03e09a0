/** Entry of `dist/cli.js`: the `flowscope` command, and the engine of the extension. */
import { version } from '../../package.json';
import { runEngine } from '../engine/worker';
import { commands } from './commands/all';
import { run } from './run';
import { listenForSignals, signalExitCode } from './signals';
import { processTerminal } from './terminal';

async function main(): Promise<void> {
  // Standard output belongs to results: whatever a library prints goes to standard error.
  console.log = console.error;
  console.info = console.error;

  const terminal = processTerminal(() => {
    // Nobody reads the results any more; ending is what a pipe expects.
    process.exit(0);
  });
  const args = process.argv.slice(2);
  const stopping = listenForSignals((name) => {
    if (args[0] === 'train') {
      if (!args.includes('--json'))
        terminal.err('\nStopping after this step and saving; press Ctrl-C again to end at once.\n');
    } else {
      // Work that cannot be canceled soon is not awaited: files are replaced as a whole or not at all.
      setTimeout(() => process.exit(signalExitCode(name)), 3000).unref();
    }
  });
  const code = await run(args, { commands, version, terminal, stopping });
  await terminal.flush();
  // Native libraries keep threads that would hold the process.
  process.exit(code);
}

// The extension forks this file as its engine too: a bundle of its own would hold nearly all of it again.
if (process.send && process.argv[2] === 'engine') runEngine();
else void main();
