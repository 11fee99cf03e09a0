/** What the command line says of a file of another library, and where its data come from, by the command line. */
import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { temporaryFolder } from '../../unit/support/temporary';
import { here } from './flowscope';

const { flowscope, json } = here;

const folder = temporaryFolder();
const at = (name: string): string => path.join(folder, name);
const file = at('nflows.safetensors');

before(() => {
  copyFileSync(path.resolve('test', 'fixtures', 'peers', 'nflows-2d', 'state_dict.safetensors'), file);
});

test('training from it says what was assumed: as text, or in the one JSON document', async () => {
  const args = ['train', '--from', file, '--data', 'moons', '--max-steps', '2', '--backend', 'tensorflow'];
  const text = await flowscope(...args, '--output', at('text'));
  assert.equal(text.code, 0, text.stderr);
  assert.match(
    text.stderr,
    /nflows, 2 features.* Not in the file: .*Activation of the networks: ReLU \(default\)\./,
  );

  const { code, stdout, stderr } = await flowscope(...args, '--json', '--output', at('json'));
  assert.equal(code, 0, stderr);
  const { from } = JSON.parse(stdout) as { from: { assumptions: string[] } };
  assert.ok(from.assumptions.includes('Activation of the networks: ReLU (default)'), stdout);
  const reports = stderr.split('\n').filter((line) => line.includes('"phase"'));
  assert.ok(reports.length > 0);
  for (const line of reports) assert.ok(JSON.parse(line));
  assert.doesNotMatch(stderr, /Not in the file/);
});

test("our own checkpoints are not read as another library's", async () => {
  const ours = at('ours.flow.safetensors');
  await json('convert', file, '--output', ours, '--set', 'activation=tanh');
  for (const option of [
    ['--as', 'nflows'],
    ['--set', 'activation=relu'],
  ]) {
    const { code, stderr } = await flowscope('convert', ours, ...option, '--output', at('again.safetensors'));
    assert.equal(code, 1, stderr);
    assert.match(
      stderr,
      /is a checkpoint of Flowscope, which says everything about its flow; leave out .*--as, --set/,
    );
  }
});

test('its own data are those that the file beside it names', async () => {
  for (const command of [['score'], ['interpolate', '--output', at('no.npz')]]) {
    const [name = '', ...rest] = command;
    const { code, stderr } = await flowscope(name, file, ...rest, '--split', 'validation');
    assert.equal(code, 1, stderr);
    assert.match(
      stderr,
      /--split validation: .* does not say which data .*; use --input FILE.*nflows\.safetensors\.flowscope\.json/,
    );
  }
  writeFileSync(
    `${file}.flowscope.json`,
    JSON.stringify({ library: 'nflows', data: { source: 'moons', count: 500 } }),
  );
  const { count } = await json<{ count: number }>('score', file, '--split', 'validation');
  assert.equal(count, 100);
});

test('a table without the columns of the model says which these are', async () => {
  writeFileSync(at('other.csv'), 'a,b,c\n1,2,good\n4,5,poor\n');
  await json(
    'train',
    '--data',
    'moons',
    '--max-steps',
    '2',
    '--backend',
    'tensorflow',
    '--output',
    at('moons'),
  );
  const { code, stderr } = await flowscope('score', at('moons'), '--input', at('other.csv'));
  assert.equal(code, 1, stderr);
  assert.match(
    stderr,
    /there is no column "x".* The model was trained on x, y; choose other columns with --columns\./,
  );
  const { count } = await json<{ count: number }>(
    'score',
    at('moons'),
    '--input',
    at('other.csv'),
    '--columns',
    'b,a',
  );
  assert.equal(count, 2);
});
