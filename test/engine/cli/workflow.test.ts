/** What a user does with a model, from training to export, by the built command line; images by its code. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import { toFloat32, encodeNpy } from '../../../src/data/npy';
import { readNpz } from '../../unit/support/npz';
import { stream } from '../../../src/data/random';
import { temporaryFolder } from '../../unit/support/temporary';
import { flowscope, here, json } from './flowscope';

const folder = temporaryFolder();
const at = (name: string): string => path.join(folder, name);

interface Info {
  format: string;
  architecture: { name: string };
  parameterCount: number;
  layers: { name: string; kind: string; shape: number[]; coupling?: number }[];
  preprocessing: { kind: string };
  step: number;
}

interface Score {
  count: number;
  nats: number[];
  bitsPerDim?: number[];
  mean: Record<'prior' | 'couplings' | 'norm' | 'preprocessing' | 'quantization' | 'nats', number> & {
    bitsPerDim?: number;
  };
}

async function arrays(file: string): Promise<Record<string, { shape: number[]; data: Float32Array }>> {
  const archive = await readNpz(file);
  return Object.fromEntries(archive.names.map((name) => [name, toFloat32(archive.array(name))]));
}

function largest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.equal(a.length, b.length);
  return Array.from(a).reduce((most, value, i) => {
    const difference = Math.abs(value - b[i]!);
    return difference <= most ? most : difference;
  }, 0);
}

const isPng = (file: string): boolean => readFileSync(file).subarray(0, 4).toString('latin1') === '\x89PNG';

describe('two moons', () => {
  const run = at('moons');
  const points = 200;
  before(async () => {
    const result = await json<{ status: string; step: number; bestCheckpoint: string }>(
      ...['train', '--data', 'moons', '--output', run, '--max-steps', '260', '--seed', '3'],
    );
    assert.equal(result.step, 260);
    statSync(result.bestCheckpoint);
    const x = stream(1, 'points').normal(2 * points);
    await writeFile(at('points.npy'), encodeNpy({ shape: [points, 2], data: x }));
    const rows = Array.from({ length: points }, (_, i) => `${i % 2},${x[2 * i + 1]},${x[2 * i]}`);
    writeFileSync(at('points.csv'), `class,y,x\n${rows.join('\n')}\n`);
  });

  test('info', async () => {
    const info = await json<Info>('info', run);
    assert.equal(info.format, 'flowscope');
    assert.equal(info.architecture.name, 'RealNVP');
    assert.equal(info.preprocessing.kind, 'standardize');
    assert.deepEqual(
      info.layers.map(({ kind, coupling }) => [kind, coupling]),
      Array.from({ length: 8 }, (_, i) => ['vector', i]),
    );
    assert.ok(info.parameterCount > 10_000);
    assert.ok(info.step > 0 && info.step <= 260);
    const text = await flowscope('info', run);
    assert.match(text.stdout, /couplings\.7/);
  });

  test('score: the parts add up, tables are read by the names of their columns', async () => {
    const byArray = await json<Score>('score', run, '--input', at('points.npy'));
    const byTable = await json<Score>('score', run, '--input', at('points.csv'));
    assert.equal(byArray.count, points);
    assert.equal(byArray.nats.length, points);
    assert.equal(byArray.bitsPerDim, undefined);
    assert.ok(largest(byArray.nats, byTable.nats) < 1e-3);
    const { nats, ...parts } = byArray.mean;
    assert.ok(Math.abs(Object.values(parts).reduce((a, b) => a + b, 0) + nats) < 1e-3);
    const fresh = await json<Score>('score', run, '--input', 'moons');
    assert.ok(fresh.mean.nats < 1.2 && fresh.mean.nats > 0.28, `${fresh.mean.nats} nats`);
  });

  test('apply: there and back, with log-dets that cancel and agree with the scores', async () => {
    const forward = await json<{ layers: string[]; arrays: string[] }>(
      ...['apply', run, '--direction', 'forward', '--input', at('points.npy'), '--output', at('z.npz')],
    );
    assert.equal(forward.layers.length, 8);
    const there = await arrays(at('z.npz'));
    assert.deepEqual(Object.keys(there).sort(), ['logdet', 'logdet_layers', 'logdet_preprocessing', 'z']);
    assert.deepEqual(there.logdet_layers!.shape, [points, 8]);
    await json('apply', run, '--direction', 'inverse', '--input', at('z.npz'), '--output', at('x.npz'));
    const back = await arrays(at('x.npz'));
    assert.deepEqual(Object.keys(back).sort(), ['logdet', 'x']);
    assert.ok(largest(back.x!.data, stream(1, 'points').normal(2 * points)) < 1e-4);
    assert.ok(
      largest(
        back.logdet!.data.map((value) => -value),
        there.logdet!.data,
      ) < 1e-3,
    );

    const { nats } = await json<Score>('score', run, '--input', at('points.npy'));
    const expected = nats.map((_, i) => {
      const [a, b] = there.z!.data.subarray(2 * i, 2 * i + 2) as unknown as [number, number];
      return 0.5 * (a * a + b * b) + Math.log(2 * Math.PI) - there.logdet!.data[i]!;
    });
    const relative = nats.map((value, i) => Math.abs(value - expected[i]!) / Math.max(1, Math.abs(value)));
    assert.ok(Math.max(...relative) < 1e-4, `${Math.max(...relative)}`);
  });

  test('both backends compute the same', async () => {
    for (const backend of ['tensorflow', 'onnxruntime']) {
      await json(
        ...['apply', run, '--direction', 'forward', '--input', at('points.npy')],
        ...['--output', at(`${backend}.npz`), '--backend', backend],
      );
    }
    const a = await arrays(at('tensorflow.npz'));
    const b = await arrays(at('onnxruntime.npz'));
    // Points far from the moons have large latents, so errors are taken relative to them.
    const relative = a.z!.data.map((value, i) => Math.abs(value - b.z!.data[i]!) / (1 + Math.abs(value)));
    assert.ok(Math.max(...relative) < 1e-4, `${Math.max(...relative)}`);
    assert.ok(largest(a.logdet!.data, b.logdet!.data) < 1e-3);
  });

  test('export: any of its files can be applied, scored and sampled from', async () => {
    const report = await json<{ files: { path: string; kind: string }[]; maxAbs: number }>(
      ...['export', run, '--output', at('moons.onnx')],
    );
    assert.deepEqual(
      report.files.map(({ path: file, kind }) => [path.basename(file), kind]),
      ['forward', 'inverse', 'sample'].map((kind) => [`moons.${kind}.onnx`, kind]),
    );
    assert.ok(report.maxAbs <= 1e-3);
    const forward = at('moons.forward.onnx');
    const info = await json<Info>('info', forward);
    assert.equal(info.format, 'onnx');
    assert.equal(info.layers.length, 8);

    await json(
      'apply',
      run,
      '--direction',
      'forward',
      '--input',
      at('points.npy'),
      '--output',
      at('model.npz'),
    );
    await json(
      'apply',
      forward,
      '--direction',
      'forward',
      '--input',
      at('points.npy'),
      '--output',
      at('onnx.npz'),
    );
    await json(
      'apply',
      forward,
      '--direction',
      'inverse',
      '--input',
      at('onnx.npz'),
      '--output',
      at('ox.npz'),
    );
    const [model, onnx, back] = [
      await arrays(at('model.npz')),
      await arrays(at('onnx.npz')),
      await arrays(at('ox.npz')),
    ];
    assert.deepEqual(Object.keys(onnx).sort(), Object.keys(model).sort());
    for (const name of ['logdet', 'logdet_layers', 'logdet_preprocessing']) {
      assert.ok(largest(onnx[name]!.data, model[name]!.data) < 1e-3, name);
    }
    const relative = model.z!.data.map(
      (value, i) => Math.abs(value - onnx.z!.data[i]!) / (1 + Math.abs(value)),
    );
    assert.ok(Math.max(...relative) < 1e-4, `${Math.max(...relative)}`);
    assert.ok(largest(back.x!.data, stream(1, 'points').normal(2 * points)) < 1e-4);

    const scores = await json<Score>('score', forward, '--input', at('points.csv'));
    const expected = await json<Score>('score', run, '--input', at('points.csv'));
    assert.ok(Math.abs(scores.mean.nats / expected.mean.nats - 1) < 1e-5);
    await json('sample', at('moons.sample.onnx'), '--count', '3', '--seed', '4', '--output', at('s1.npz'));
    await json('sample', run, '--count', '3', '--seed', '4', '--output', at('s2.npz'));
    assert.ok(largest((await arrays(at('s1.npz'))).x!.data, (await arrays(at('s2.npz'))).x!.data) < 1e-4);
  });

  test('inspect writes one page that names the model', async () => {
    const { bytes } = await json<{ bytes: number }>('inspect', run, '--output', at('moons.html'));
    const html = readFileSync(at('moons.html'), 'utf8');
    assert.equal(Buffer.byteLength(html), bytes);
    assert.match(html, /^<!doctype html>/i);
    assert.doesNotMatch(html, /<(script|link|img)[^>]+(src|href)="https?:/);
  });

  test('a damaged checkpoint is one line', async () => {
    const whole = readFileSync(path.join(run, 'checkpoints', 'best.flow.safetensors'));
    writeFileSync(at('cut.flow.safetensors'), whole.subarray(0, whole.length - 100));
    for (const args of [['info'], ['score', '--input', 'moons'], ['export', '--output', at('no')]]) {
      const [command, ...rest] = args as [string, ...string[]];
      const { code, stderr } = await flowscope(command, at('cut.flow.safetensors'), ...rest);
      assert.equal(code, 1, stderr);
      assert.match(stderr, /^flowscope: .*cut\.flow\.safetensors.*\n$/);
    }
  });

  test('sample: a picture, arrays and a table', async () => {
    await json('sample', run, '--count', '500', '--output', at('moons.png'));
    assert.ok(isPng(at('moons.png')));
    const one = await json<{ shape: number[] }>(
      'sample',
      run,
      '--count',
      '7',
      '--seed',
      '4',
      '--output',
      at('a.npz'),
    );
    assert.deepEqual(one.shape, [7, 2]);
    await json('sample', run, '--count', '7', '--seed', '4', '--output', at('a.csv'));
    const [header, ...rows] = readFileSync(at('a.csv'), 'utf8').trimEnd().split('\n');
    assert.equal(header, 'x,y');
    const { x } = await arrays(at('a.npz'));
    assert.deepEqual(
      rows.flatMap((row) => row.split(',').map((cell) => Math.fround(Number(cell)))),
      [...x!.data],
    );
  });
});

/** By the same commands in this process: the moons above have started that of users for each. */
describe('digits', () => {
  const run = at('digits');
  before(async () => {
    const config = {
      data: { source: 'digits' },
      model: { kind: 'image', height: 8, width: 8, levels: 17, scales: 2, base: 4, blocks: 1 },
      training: { steps: 30, batch: 64, validateEvery: 10, checkpointEvery: 30, sampleEvery: 30 },
    };
    writeFileSync(at('tiny.flow.json'), JSON.stringify(config));
    await here.json('train', '--config', at('tiny.flow.json'), '--output', run);
    await writeFile(
      at('logits.npy'),
      encodeNpy({ shape: [9, 1, 8, 8], data: stream(1, 'logits').normal(9 * 64) }),
    );
    const pixels = Uint8Array.from(stream(1, 'pixels').uniform(5 * 64), (u) => 17 * u);
    await writeFile(at('pixels.npy'), encodeNpy({ shape: [5, 8, 8], data: pixels }));
  });

  test('logits: there and back, layer by layer', async () => {
    const { layers } = await here.json<{ layers: string[] }>(
      ...['apply', run, '--direction', 'forward', '--layout', 'nchw'],
      ...['--input', at('logits.npy'), '--output', at('dz.npz')],
    );
    const info = await here.json<Info>('info', run);
    assert.deepEqual(
      layers,
      info.layers.filter(({ coupling }) => coupling !== undefined).map(({ name }) => name),
    );
    const there = await arrays(at('dz.npz'));
    assert.deepEqual(there.z!.shape, [9, 1, 8, 8]);
    assert.deepEqual(Object.keys(there).sort(), ['logdet', 'logdet_layers', 'z']);
    const sums = Array.from({ length: 9 }, (_, i) =>
      there.logdet_layers!.data.subarray(10 * i, 10 * i + 10).reduce((a, b) => a + b, 0),
    );
    assert.ok(largest(sums, there.logdet!.data) < 1e-3);
    await here.json(
      ...['apply', run, '--direction', 'inverse', '--layout', 'nchw'],
      ...['--input', at('dz.npz'), '--output', at('dx.npz')],
    );
    const back = await arrays(at('dx.npz'));
    assert.deepEqual(back.x!.shape, [9, 1, 8, 8]);
    assert.ok(largest(back.x!.data, stream(1, 'logits').normal(9 * 64)) < 1e-4);
  });

  test('pixels get noise from the seed, and scores count what preprocessing costs', async () => {
    const forward = ['apply', run, '--direction', 'forward', '--input', at('pixels.npy')];
    const { space, dequantized } = await here.json<{ space: string; dequantized: boolean }>(
      ...forward,
      '--output',
      at('pz.npz'),
    );
    assert.equal(space, 'data');
    assert.equal(dequantized, true);
    const { x } = await arrays(at('pz.npz'));
    assert.deepEqual(x!.shape, [5, 8, 8, 1]);
    const score = await here.json<Score>('score', run, '--input', at('pixels.npy'), '--draws', '3');
    assert.equal(score.bitsPerDim!.length, 5);
    assert.ok(Math.abs(score.mean.bitsPerDim! - score.mean.nats / (64 * Math.LN2)) < 1e-9);
    assert.ok(Math.abs(score.mean.quantization + 64 * Math.log(17)) < 1e-9);
    const all = await here.json<Score>('score', run, '--input', 'digits');
    assert.equal(all.count, 1797);
    assert.ok(all.mean.bitsPerDim! > 1.5 && all.mean.bitsPerDim! < 5, `${all.mean.bitsPerDim}`);
  });

  test('export: logits in and out, and pixels score the same', async () => {
    await here.json('export', run, '--output', at('digits.onnx'));
    const forward = at('digits.forward.onnx');
    await here.json(
      'apply',
      run,
      '--direction',
      'forward',
      '--layout',
      'nchw',
      '--input',
      at('logits.npy'),
      '--output',
      at('m.npz'),
    );
    await here.json(
      'apply',
      forward,
      '--direction',
      'forward',
      '--layout',
      'nchw',
      '--input',
      at('logits.npy'),
      '--output',
      at('o.npz'),
    );
    const [model, onnx] = [await arrays(at('m.npz')), await arrays(at('o.npz'))];
    for (const name of ['z', 'logdet', 'logdet_layers']) {
      assert.ok(largest(onnx[name]!.data, model[name]!.data) < 1e-3, name);
    }
    const a = await here.json<Score>('score', forward, '--input', at('pixels.npy'));
    const b = await here.json<Score>('score', run, '--input', at('pixels.npy'));
    assert.ok(largest(a.nats, b.nats) < 1e-2);
    await here.json('sample', at('digits.sample.onnx'), '--count', '4', '--output', at('onnx.png'));
    assert.ok(isPng(at('onnx.png')));
  });

  test('sample draws a sheet, and arrays without padding', async () => {
    await here.json('sample', run, '--count', '16', '--output', at('sheet.png'));
    assert.ok(isPng(at('sheet.png')));
    const { shape } = await here.json<{ shape: number[] }>(
      'sample',
      run,
      '--count',
      '3',
      '--output',
      at('d.npz'),
    );
    assert.deepEqual(shape, [3, 8, 8, 1]);
    const { code, stderr } = await here.flowscope('sample', run, '--output', at('d.csv'));
    assert.equal(code, 1);
    assert.match(stderr, /a \.csv holds vectors/);
  });
});
