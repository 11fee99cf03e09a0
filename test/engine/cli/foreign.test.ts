/** What the command line says of a file of another library, and where its data come from, by the command line. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { encodeNpy } from '../../../src/data/npy';
import { temporaryFolder } from '../../unit/support/temporary';
import { here } from './flowscope';

const { flowscope, json } = here;

const folder = temporaryFolder();
const at = (name: string): string => path.join(folder, name);
const file = at('nflows.pt');

before(() => {
  copyFileSync(path.resolve('test', 'fixtures', 'peers', 'nflows-2d', 'state_dict.pt'), file);
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
      /--split validation: .* does not say which data .*; use --input FILE.*nflows\.pt\.flowscope\.json/,
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

test('weights and results that are not finite are counted, with --quiet too', async () => {
  const sound = path.resolve('test', 'fixtures', 'peers', 'nflows-additive', 'state_dict.safetensors');
  const bytes = readFileSync(sound);
  const start = 8 + Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString('utf8', 8, start)) as Record<string, Entry>;
  const [name, entry] = Object.entries(header).find(([, { dtype }]) => dtype === 'F32')!;
  const values = new Float32Array(bytes.subarray(start).buffer.slice(bytes.byteOffset + start));
  // One tensor as float64, with a value that float32 cannot hold.
  const [from, to] = entry.data_offsets.map((offset) => offset / 4) as [number, number];
  const wide = Float64Array.from(values.subarray(from, to)).fill(1e308, 0, 1);
  const kept = Object.entries(header).filter(([key]) => key !== name && key !== '__metadata__');
  let offset = wide.byteLength;
  const parts: Uint8Array[] = [new Uint8Array(wide.buffer)];
  const written: Record<string, Entry> = { [name]: { ...entry, dtype: 'F64', data_offsets: [0, offset] } };
  for (const [
    key,
    {
      data_offsets: [first, last],
      ...rest
    },
  ] of kept) {
    parts.push(bytes.subarray(start + first, start + last));
    written[key] = { ...rest, data_offsets: [offset, (offset += last - first)] };
  }
  const text = Buffer.from(JSON.stringify(written));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(at('wide.safetensors'), Buffer.concat([length, text, ...parts]));

  const info = await flowscope('info', at('wide.safetensors'));
  assert.ok(info.stdout.includes(`${name} (1 infinite in float32)`), info.stdout);
  assert.deepEqual((await json('info', at('wide.safetensors')))['nonFinite'], [
    { name, dtype: 'F64', nan: 0, inf: 1 },
  ]);
  writeFileSync(at('points.csv'), 'a,b,c,d\n0,0,0,0\n1,1,1,1\n2,-1,0,1\n');
  const points = ['--input', at('points.csv'), '--quiet'];
  const said =
    /^flowscope: 3 of 3 examples have results that are not finite; flowscope diagnose .*wide\.safetensors says where\.$/m;
  const scored = await flowscope('score', at('wide.safetensors'), ...points, '--json');
  assert.match(scored.stderr, said);
  assert.equal((JSON.parse(scored.stdout) as Record<string, unknown>)['nonFiniteExamples'], 3);
  await writeFile(at('points.npy'), encodeNpy({ shape: [3, 4], data: new Float32Array(12) }));
  const applied = await flowscope(
    ...['apply', at('wide.safetensors'), '--direction', 'forward', '--input', at('points.npy'), '--quiet'],
    ...['--output', at('z.npz')],
  );
  assert.match(applied.stderr, said);
  const drawn = await flowscope(
    'sample',
    at('wide.safetensors'),
    '--count',
    '3',
    '--quiet',
    '--output',
    at('x.npz'),
  );
  assert.match(drawn.stderr, said);
  // Where all is finite, there is no word.
  const good = await flowscope('score', sound, ...points);
  assert.equal(good.stderr, '');
});

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}
