/** From the words of a command line to an exit code. Knows nothing of the process, so that tests can call it. */
import { chooseFlow } from '../checkpoint/recognize/load';
import { UserError } from '../base/user-error';
import { CancelledError } from '../protocol/wire';
import { parseCommand } from './arguments';
import type { Command } from './command';
import { commandHelp, generalHelp } from './help';
import { toJson } from './json';
import { didYouMean } from './nearest';
import { createSession } from './session';
import { signalExitCode, type Stopping } from './signals';
import type { Terminal } from './terminal';

export const exitCodes = { done: 0, user: 1, fault: 2 } as const;

export interface Invocation {
  commands: readonly Command[];
  version: string;
  terminal: Terminal;
  stopping: Stopping;
}

/** Never throws. */
export async function run(args: readonly string[], invocation: Invocation): Promise<number> {
  const { terminal, stopping } = invocation;
  try {
    return await dispatch(args, invocation);
  } catch (error) {
    const received = stopping.received();
    if (received && isCancellation(error)) {
      terminal.err(`flowscope: stopped by ${received}.\n`);
      return signalExitCode(received);
    }
    return report(error, terminal, args.includes('--verbose'));
  }
}

async function dispatch(args: readonly string[], invocation: Invocation): Promise<number> {
  const { commands, version, terminal, stopping } = invocation;
  const [word, ...rest] = args;
  if (word === undefined) {
    terminal.err(generalHelp(commands, version));
    return exitCodes.user;
  }
  if (word === '--version' || word === '-V') {
    terminal.out(`${version}\n`);
    return exitCodes.done;
  }
  if (word === '--help' || word === '-h' || word === 'help') {
    const about = word === 'help' && rest[0] !== undefined ? find(commands, rest[0]) : undefined;
    terminal.out(about ? commandHelp(about) : generalHelp(commands, version));
    return exitCodes.done;
  }
  const command = find(commands, word);
  const { argument, options, common } = parseCommand(command, rest);
  if (common.help) {
    terminal.out(commandHelp(command));
    return exitCodes.done;
  }
  if (common.version) {
    terminal.out(`${version}\n`);
    return exitCodes.done;
  }
  if (common.flow !== undefined) {
    if (command.argument?.name !== 'MODEL')
      throw new UserError(`--flow ${common.flow}: ${command.name} takes no MODEL. Leave it out.`);
    await chooseFlow(argument, common.flow);
  }
  const session = createSession(terminal, stopping.signal, {
    json: common.json,
    quiet: common.quiet,
    verbose: common.verbose,
    backend: common.backend ?? 'auto',
    threads: common.threads,
  });
  try {
    const outcome = await command.run(session, argument, options as Record<string, never>);
    session.progress.end();
    const { text } = outcome;
    const end = text === '' || text.endsWith('\n') ? '' : '\n';
    terminal.out(common.json ? `${toJson(outcome.json)}\n` : text + end);
    const received = outcome.interrupted ? stopping.received() : undefined;
    return received ? signalExitCode(received) : (outcome.code ?? exitCodes.done);
  } finally {
    await session.end();
  }
}

function find(commands: readonly Command[], word: string): Command {
  const command = commands.find(({ name }) => name === word);
  if (command) return command;
  const names = commands.map(({ name }) => name);
  if (word.startsWith('-')) {
    throw new UserError(
      `The command comes first: flowscope COMMAND ${word} …, with COMMAND one of ${names.join(', ')}.`,
    );
  }
  throw new UserError(`"${word}" is not a command.${didYouMean(word, names)} Commands: ${names.join(', ')}.`);
}

function isCancellation(error: unknown): boolean {
  return error instanceof CancelledError || (error instanceof Error && error.name === 'AbortError');
}

function report(error: unknown, terminal: Terminal, verbose: boolean): number {
  if (error instanceof UserError) {
    terminal.err(`flowscope: ${error.message.replace(/\s*\n\s*/g, ' ')}\n`);
    return exitCodes.user;
  }
  const problem = error instanceof Error ? error : new Error(String(error));
  const [first = 'unknown'] = (problem.message || problem.name).split('\n');
  terminal.err(`flowscope: internal error: ${first}\n`);
  terminal.err(
    verbose
      ? `${problem.stack ?? problem.message}\n`
      : 'Run it again with --verbose to see where. Please report this with your command and the output of flowscope doctor.\n',
  );
  return exitCodes.fault;
}
