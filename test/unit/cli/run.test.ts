import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { defineCommand, type Command } from '../../../src/cli/command';
import { commands } from '../../../src/cli/commands/all';
import { commandHelp } from '../../../src/cli/help';
import { run } from '../../../src/cli/run';
import { UserError } from '../../../src/base/user-error';
import { CancelledError } from '../../../src/protocol/wire';
import { memoryTerminal, noSignals, stoppedBy } from './memory-terminal';

const fake = (act: () => unknown): Command =>
  defineCommand({
    name: 'act',
    summary: 'Does it',
    about: '',
    options: {},
    examples: {},
    run: async (session) => {
      session.progress.note('working');
      session.log('a detail');
      const json = await act();
      return { json, text: 'for people' };
    },
  });

async function invoke(args: string[], table: readonly Command[] = commands, stopping = noSignals()) {
  const terminal = memoryTerminal();
  const code = await run(args, { commands: table, version: '9.9.9', terminal, stopping });
  return { code, stdout: terminal.stdout(), stderr: terminal.stderr() };
}

test('--flow chooses in a file that holds several flows, and nowhere else', async () => {
  const model = path.resolve('test', 'fixtures', 'peers', 'zuko-2d', 'state_dict.pt');
  const single = await invoke(['info', model, '--flow', 'prior']);
  assert.match(
    single.stderr,
    /state_dict\.pt: does not hold several flows, so that --flow has nothing to choose/,
  );
  assert.match(
    (await invoke(['data', 'moons', '--flow', 'prior'])).stderr,
    /--flow prior: data takes no MODEL/,
  );
});

test('with --json standard output is one JSON document and nothing else', async () => {
  const act = fake(() => ({ a: [1, 2], b: NaN, c: Float32Array.of(1, Infinity) }));
  const { code, stdout, stderr } = await invoke(['act', '--json'], [act]);
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(stdout), { a: [1, 2], b: 'NaN', c: [1, 'Infinity'] });
  assert.match(stderr, /working/);
  assert.doesNotMatch(stderr, /a detail/);
});

test('without it people get text, and --verbose the log', async () => {
  const { stdout, stderr } = await invoke(['act', '--verbose'], [fake(() => null)]);
  assert.equal(stdout, 'for people\n');
  assert.match(stderr, /a detail/);
  assert.equal((await invoke(['act', '--quiet'], [fake(() => null)])).stderr, '');
});

test('an error of the user is one line and code 1, one of ours code 2 with its stack on demand', async () => {
  const wrong = fake(() => {
    throw new UserError('x.csv: line 3: expected a number,\n  got "a".');
  });
  const user = await invoke(['act'], [wrong]);
  assert.deepEqual(user, {
    code: 1,
    stdout: '',
    stderr: 'working\nflowscope: x.csv: line 3: expected a number, got "a".\n',
  });

  const broken = fake(() => {
    throw new TypeError('no such property');
  });
  const ours = await invoke(['act', '-q'], [broken]);
  assert.equal(ours.code, 2);
  assert.match(ours.stderr, /internal error: no such property\n.*--verbose/);
  assert.doesNotMatch(ours.stderr, /at .*run\.test/);
  assert.match((await invoke(['act', '-q', '--verbose'], [broken])).stderr, /run\.test/);
});

test('a command that a signal cancelled ends with the code of the signal', async () => {
  const cancelled = fake(() => {
    throw new CancelledError();
  });
  assert.equal((await invoke(['act'], [cancelled], stoppedBy('SIGINT'))).code, 130);
  assert.equal((await invoke(['act'], [cancelled], stoppedBy('SIGTERM'))).code, 143);
  assert.equal((await invoke(['act'], [cancelled])).code, 2);
});

test('unknown commands name the nearest', async () => {
  const { code, stderr, stdout } = await invoke(['trian']);
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /"trian" is not a command\. Did you mean train\?/);
  assert.match((await invoke(['sam'])).stderr, /Did you mean sample\?/);
  assert.match((await invoke(['--json', 'info'])).stderr, /The command comes first/);
});

test('help and version go to standard output; nothing at all is an error', async () => {
  assert.equal((await invoke(['--version'])).stdout, '9.9.9\n');
  assert.equal((await invoke(['info', '--version'])).stdout, '9.9.9\n');
  const general = await invoke(['--help']);
  assert.equal(general.code, 0);
  for (const { name } of commands) assert.match(general.stdout, new RegExp(`^  ${name} `, 'm'));
  const nothing = await invoke([]);
  assert.equal(nothing.code, 1);
  assert.equal(nothing.stdout, '');
  assert.match(nothing.stderr, /Usage/);
});

test('every command of the specification is there and its help names its options and has examples', async () => {
  assert.deepEqual(commands.map(({ name }) => name).sort(), [
    'apply',
    'calibrate',
    'check',
    'compare-layers',
    'compare-presets',
    'control',
    'convert',
    'data',
    'diagnose',
    'doctor',
    'export',
    'graph',
    'info',
    'inspect',
    'interpolate',
    'reconstruct',
    'reproduce',
    'sample',
    'score',
    'submit',
    'train',
  ]);
  for (const command of commands) {
    const { stdout, code } = await invoke([command.name, '--help']);
    assert.equal(code, 0);
    assert.equal(stdout, commandHelp(command));
    for (const option of Object.keys(command.options)) assert.match(stdout, new RegExp(`--${option}\\b`));
    assert.ok(Object.values(command.examples)[0]!.startsWith(`flowscope ${command.name}`));
    const long = stdout
      .split('\n')
      .filter((line) => line.length > 100 && !line.includes('$') && !line.includes('|'));
    assert.deepEqual(long, []);
  }
});

test('inspect refuses options that do not go together, rather than leaving one out', async () => {
  const gif = await invoke(['inspect', 'run', '--animate', '--compare', 'other']);
  assert.equal(gif.code, 1);
  assert.match(gif.stderr, /--compare other: a GIF shows one model/);
  const page = await invoke(['inspect', 'run', '--features', 'x,y']);
  assert.equal(page.code, 1);
  assert.match(page.stderr, /--features x,y: .* add --animate/);
});

test('the examples of the help parse', async () => {
  const { parseCommand } = await import('../../../src/cli/arguments');
  for (const command of commands) {
    for (const line of Object.values(command.examples)) {
      const words = line
        .split(/ (?:\||2?>) ?/)[0]!
        .trim()
        .split(/\s+/);
      const named = commands.find(({ name }) => name === words[1])!;
      assert.doesNotThrow(() => parseCommand(named, words.slice(2)), line);
    }
  }
});
