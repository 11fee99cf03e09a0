/** The command line as a process: streams, exit codes and signals. */
import assert from 'node:assert/strict';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { rawSafetensors } from '../../unit/support/raw-safetensors';
import { put, temporaryFolder } from '../../unit/support/temporary';
import { flowscope, json, start } from './flowscope';

const folder = temporaryFolder();
const at = (name: string): string => path.join(folder, name);

test('doctor finds a backend and says so as JSON', async () => {
  const { ok, lines } = await json<{ ok: boolean; lines: { name: string; state: string }[] }>('doctor');
  assert.equal(ok, true);
  assert.deepEqual(
    ['node', 'native', 'onnxruntime', 'backend'].filter((name) => !lines.some((line) => line.name === name)),
    [],
  );
});

test('tensors whose names hold large numbers are listed in little memory', async () => {
  for (const [i, name] of [
    '_transforms.300000000._permutation',
    'flows.300000000.s',
    'transform.transforms.300000000._0',
    '_transforms.9007199254740991._permutation',
  ].entries()) {
    const file = put(at('names'), `${i}.safetensors`, rawSafetensors({ [name]: [1] }));
    const env = { NODE_OPTIONS: '--max-old-space-size=512' };
    const { code, stdout, stderr } = await start(['info', file], { env }).ended;
    assert.deepEqual([code, stderr], [0, '']);
    assert.ok(stdout.includes(name));
  }
  rmSync(at('names'), { recursive: true });
});

test('an error of the user is one line, code 1 and an empty standard output', async () => {
  writeFileSync(at('bad.csv'), 'a,b\n1,2\n3,x\n');
  const cases: [string[], RegExp][] = [
    [
      ['train', '--data', 'mooons', '--output', at('r')],
      /"mooons" is neither a file nor a built-in data set/,
    ],
    [
      ['train', '--data', at('bad.csv'), '--output', at('r')],
      /bad\.csv: line 3, column "b": expected a number/,
    ],
    [['train', '--output', at('r')], /needs --data/],
    [['train', '--output', at('r'), '--resume'], /not a run folder/],
    [
      ['train', '--data', 'moons', '--preset', 'digits', '--output', at('r')],
      /preset "digits" is for image data/,
    ],
    [['info', at('nothing')], /nothing: no such file/],
    [['info', at('bad.csv')], /is not a model/],
    [['score', at('nothing'), '--input', 'moons'], /no such file/],
    [['sample', at('nothing'), '--output', at('x.gif')], /expected one of \.png, \.npz, \.csv/],
    [
      ['apply', at('nothing'), '--direction', 'forward', '--input', 'x', '--output', at('no/x.npz')],
      /no folder/,
    ],
    [['nonsense'], /"nonsense" is not a command/],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await flowscope(...args, '--json');
    assert.equal(code, 1, `${args.join(' ')}: ${stderr}`);
    assert.equal(stdout, '');
    const lines = stderr
      .trimEnd()
      .split('\n')
      .filter((line) => !line.startsWith('{"phase"'));
    assert.equal(lines.length, 1, stderr);
    assert.match(lines[0]!, message);
  }
  assert.deepEqual(readdirSync(folder), ['bad.csv'], 'nothing was left behind');
});

test('ONNX Runtime trains as well', async () => {
  const { code, stdout } = await flowscope(
    'train',
    '--data',
    'moons',
    '--output',
    at('ort'),
    '--backend',
    'onnxruntime',
    '--max-steps',
    '20',
    '--json',
  );
  assert.equal(code, 0);
  assert.equal((JSON.parse(stdout) as { step: number }).step, 20);
});

test('a reader that goes away is no error', async () => {
  const { child, ended } = start(['train', '--help']);
  child.stdout!.destroy();
  const { code, stderr } = await ended;
  assert.equal(code, 0);
  assert.equal(stderr, '');
});

test(
  'the first Ctrl-C saves, and the run goes on from there',
  { skip: process.platform === 'win32' },
  async () => {
    const run = at('stopped');
    const running = start(['train', '--data', 'moons', '--output', run, '--json']);
    await running.shows(/"phase":"training","step":\d\d/);
    running.child.kill('SIGINT');
    const { code, stdout, stderr } = await running.ended;
    assert.equal(code, 130, stderr);
    const stopped = JSON.parse(stdout) as { status: string; step: number };
    assert.equal(stopped.status, 'stopped');
    const more = String(stopped.step + 5);
    const resumed = await json<{ step: number }>('train', '--output', run, '--resume', '--max-steps', more);
    assert.equal(resumed.step, stopped.step + 5);
    const progress = stderr.split('\n').filter((line) => line.startsWith('{'));
    for (const line of progress) assert.ok('phase' in (JSON.parse(line) as object));
  },
);
