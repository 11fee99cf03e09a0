/** interpolate, reconstruct, temperatures by scale and the run's own data, by the command line. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import sharp from 'sharp';
import { toFloat32, encodeNpy } from '../../../src/data/npy';
import { readNpz } from '../../unit/support/npz';
import { stream } from '../../../src/data/random';
import { temporaryFolder } from '../../unit/support/temporary';
import { here } from './flowscope';

const { flowscope, json } = here;

const folder = temporaryFolder();
const at = (name: string): string => path.join(folder, name);

async function arrays(file: string): Promise<Record<string, { shape: number[]; data: Float32Array }>> {
  const archive = await readNpz(file);
  return Object.fromEntries(archive.names.map((name) => [name, toFloat32(archive.array(name))]));
}

function largest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.equal(a.length, b.length);
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

async function fails(message: RegExp, ...args: string[]): Promise<void> {
  const { code, stderr } = await flowscope(...args);
  assert.equal(code, 1, stderr);
  assert.match(stderr, message);
  assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
}

describe('images', () => {
  const run = at('digits');
  const size = 64;
  before(async () => {
    const config = {
      data: { source: 'digits' },
      model: { kind: 'image', height: 8, width: 8, levels: 17, scales: 3, base: 4, blocks: 1 },
      training: { steps: 12, batch: 64, validateEvery: 12, checkpointEvery: 12, sampleEvery: 12 },
    };
    writeFileSync(at('tiny.flow.json'), JSON.stringify(config));
    await json('train', '--config', at('tiny.flow.json'), '--output', run);
    // Starts sooner, and nothing here is long.
    process.env.FLOWSCOPE_BACKEND = 'onnxruntime';
    const pixels = Uint8Array.from(stream(1, 'pixels').uniform(6 * size), (u) => 17 * u);
    await writeFile(at('pixels.npy'), encodeNpy({ shape: [6, 8, 8], data: pixels }));
  });

  test('interpolate: a sheet whose corners are the examples, and arrays that obey the formula', async () => {
    const made = await json<{ shape: number[]; examples: string; angles: number[] }>(
      ...['interpolate', run, '--examples', '4,1,9,2', '--range', 'quarter', '--angles', '5'],
      ...['--output', at('quarter.npz')],
    );
    assert.deepEqual(made.shape, [5, 5, 8, 8, 1]);
    assert.equal(made.examples, 'validation 4, 1, 9, 2');
    const { x, z, angles, examples, latents } = await arrays(at('quarter.npz'));
    assert.deepEqual(x!.shape, [5, 5, 8, 8, 1]);
    assert.deepEqual(z!.shape, [5, 5, 8, 8, 1]);
    assert.ok(largest(angles!.data, made.angles) < 1e-7);
    for (let row = 0; row < 5; row++) {
      for (let column = 0; column < 5; column++) {
        const [phi, prime] = [(row * Math.PI) / 8, (column * Math.PI) / 8];
        const weights = [
          Math.cos(phi) * Math.cos(prime),
          Math.cos(phi) * Math.sin(prime),
          Math.sin(phi) * Math.cos(prime),
          Math.sin(phi) * Math.sin(prime),
        ];
        const expected = Array.from({ length: size }, (_, i) =>
          weights.reduce((sum, weight, k) => sum + weight * latents!.data[k * size + i]!, 0),
        );
        const from = (row * 5 + column) * size;
        assert.ok(largest(z!.data.subarray(from, from + size), expected) < 1e-5);
      }
    }
    for (const [corner, cell] of [0, 4, 20, 24].entries()) {
      for (let i = 0; i < size; i++) {
        // The noise that pixels got on the way in comes back out.
        const noise = x!.data[cell * size + i]! - examples!.data[corner * size + i]!;
        assert.ok(noise > -1e-3 && noise < 1 + 1e-3, `${noise}`);
      }
    }

    await json(...['interpolate', run, '--examples', '4,1,9,2', '--output', at('circle.png')]);
    const { data, info } = await sharp(at('circle.png')).raw().toBuffer({ resolveWithObject: true });
    assert.equal(info.width, 2 + 8 * (8 * 7 + 2));
    assert.equal(info.height, info.width);
    // The first tile is the first example, level by level: 7 screen pixels to one of its own.
    for (const [row, column] of [
      [0, 3],
      [4, 4],
      [7, 2],
    ] as const) {
      const shade = data[((2 + row * 7 + 3) * info.width + 2 + column * 7 + 3) * info.channels]!;
      assert.ok(Math.abs(shade - (255 * examples!.data[row * 8 + column]!) / 16) < 1, `${shade}`);
    }
  });

  test('interpolate: between samples, and between images of a file', async () => {
    const sampled = ['interpolate', run, '--split', 'sample', '--seed', '5', '--temperature', '0.6'];
    await json(...sampled, '--angles', '2', '--range', 'quarter', '--output', at('s.npz'));
    await json(
      ...['sample', run, '--count', '4', '--seed', '5', '--temperature', '0.6', '--output', at('t.npz')],
    );
    const [between, drawn] = [await arrays(at('s.npz')), await arrays(at('t.npz'))];
    // The corners are the very samples that the same seed draws.
    assert.deepEqual(between.z!.data, drawn.z!.data);
    assert.ok(largest(between.x!.data, drawn.x!.data) < 1e-3);

    const file = await json<{ examples: string }>(
      ...['interpolate', run, '--input', at('pixels.npy'), '--examples', '5,0,1,2'],
      ...['--angles', '2', '--range', 'quarter', '--output', at('f.npz')],
    );
    assert.match(file.examples, /pixels\.npy 5, 0, 1, 2$/);
    const { examples } = await arrays(at('f.npz'));
    const pixels = Uint8Array.from(stream(1, 'pixels').uniform(6 * size), (u) => 17 * u);
    assert.deepEqual([...examples!.data.subarray(0, size)], [...pixels.subarray(5 * size)]);
  });

  test('interpolate: what cannot be is one line', async () => {
    const command = ['interpolate', run, '--output', at('no.png')];
    await fails(/Expected four examples, got 3/, ...command, '--examples', '1,2,3');
    await fails(
      /--examples 1,2,x,4: expected indices of examples from 0/,
      ...command,
      '--examples',
      '1,2,x,4',
    );
    await fails(/Example 9999 of the validation data/, ...command, '--examples', '1,2,3,9999');
    await fails(
      /there is no example 6. There are 6/,
      ...command,
      '--input',
      at('pixels.npy'),
      '--examples',
      '1,2,3,6',
    );
    await fails(/both set the examples/, ...command, '--input', at('pixels.npy'), '--split', 'train');
  });

  test('reconstruct: coarse latents stay, fine ones are new, the rest is the example', async () => {
    const made = await json<{ kept: number[]; shape: number[] }>(
      ...['reconstruct', run, '--examples', '3,8', '--seed', '2', '--output', at('kept.npz')],
    );
    assert.deepEqual(made.kept, [64, 32, 16]);
    assert.deepEqual(made.shape, [2, 3, 8, 8, 1]);
    const { x, z, originals, kept, scales } = await arrays(at('kept.npz'));
    assert.deepEqual([...kept!.data], [64, 32, 16]);
    assert.deepEqual(scales!.shape, [8, 8, 1]);
    for (let row = 0; row < 2; row++) {
      const all = z!.data.subarray(row * 3 * size, (row * 3 + 1) * size);
      for (let column = 1; column < 3; column++) {
        const here = z!.data.subarray((row * 3 + column) * size, (row * 3 + column + 1) * size);
        for (let i = 0; i < size; i++) assert.equal(here[i] === all[i], scales!.data[i]! >= column);
      }
      for (let i = 0; i < size; i++) {
        const noise = x!.data[row * 3 * size + i]! - originals!.data[row * size + i]!;
        assert.ok(noise > -1e-3 && noise < 1 + 1e-3);
      }
    }
    // Encoded again from what was decoded, as logits, by another command.
    const logits = x!.data.map((pixel) => {
      const p = 0.05 + (0.9 * pixel) / 17;
      return Math.log(p / (1 - p));
    });
    await writeFile(at('columns.npy'), encodeNpy({ shape: [6, 8, 8, 1], data: logits }));
    await json(
      ...['apply', run, '--direction', 'forward', '--space', 'flow', '--input', at('columns.npy')],
      ...['--output', at('again.npz')],
    );
    const again = (await arrays(at('again.npz'))).z!.data;
    // Logits of pixels at the ends of their range lose digits on the way back.
    again.forEach((value, i) => {
      if (scales!.data[i % size]! === 2) assert.ok(Math.abs(value - z!.data[i]!) < 5e-3);
    });
    await json('reconstruct', run, '--output', at('kept.png'));
    const { width, height } = await sharp(at('kept.png')).metadata();
    assert.deepEqual([width, height], [2 + 4 * 58, 2 + 8 * 58]);
  });

  test('sample by scale', async () => {
    const sample = ['sample', run, '--count', '5', '--seed', '1'];
    await json(...sample, '--output', at('plain.npz'));
    await json(...sample, '--scale-temperatures', '0,1,0.5', '--output', at('scaled.npz'));
    await json('reconstruct', run, '--output', at('scales.npz'));
    const { scales } = await arrays(at('scales.npz'));
    const [plain, scaled] = [await arrays(at('plain.npz')), await arrays(at('scaled.npz'))];
    scaled.z!.data.forEach((value, i) => {
      const factor = [0, 1, 0.5][scales!.data[i % size]!]!;
      assert.equal(value + 0, factor * plain.z!.data[i]! + 0);
    });
    await fails(
      /2 temperatures by scale were given; the flow has 3 scales/,
      ...sample,
      '--scale-temperatures',
      '1,1',
      '--output',
      at('no.npz'),
    );
  });

  test('score: the data of the run', async () => {
    interface Score {
      count: number;
      split: string;
      mean: { nats: number; bitsPerDim: number };
    }
    const validation = await json<Score>('score', run, '--split', 'validation', '--draws', '2');
    assert.equal(validation.count, 359);
    assert.equal(validation.split, 'validation');
    const train = await json<Score>('score', run, '--split', 'train');
    assert.equal(train.count, 1438);
    // All digits are both splits together; other noise changes the third digit.
    const all = await json<Score>('score', run, '--input', 'digits');
    const together = (359 * validation.mean.nats + 1438 * train.mean.nats) / 1797;
    assert.ok(Math.abs(together / all.mean.nats - 1) < 0.01, `${together} and ${all.mean.nats}`);
    await fails(/--split train or validation/, 'score', run);
    await fails(/both say which examples/, 'score', run, '--split', 'train', '--input', 'digits');
  });

  test('exported files interpolate and reconstruct too', async () => {
    await json('export', run, '--output', at('digits.onnx'));
    const drawn = ['--split', 'sample', '--seed', '5', '--angles', '3'];
    await json('interpolate', at('digits.inverse.onnx'), ...drawn, '--output', at('o.npz'));
    await json('interpolate', run, ...drawn, '--output', at('m.npz'));
    assert.ok(largest((await arrays(at('o.npz'))).x!.data, (await arrays(at('m.npz'))).x!.data) < 1e-2);
    const pixels = ['--input', at('pixels.npy'), '--seed', '1'];
    await json('reconstruct', at('digits.forward.onnx'), ...pixels, '--output', at('ok.npz'));
    await json('reconstruct', run, ...pixels, '--output', at('mk.npz'));
    assert.ok(largest((await arrays(at('ok.npz'))).x!.data, (await arrays(at('mk.npz'))).x!.data) < 1e-2);
    await fails(
      /does not lead to the data of its run/,
      ...['interpolate', at('digits.forward.onnx'), '--split', 'train', '--output', at('no.png')],
    );
  });
});

describe('vectors', () => {
  const run = at('moons');
  before(() =>
    json(...['train', '--data', 'moons', '--output', run, '--max-steps', '120', '--backend', 'tensorflow']),
  );

  test('interpolate: points of the plane', async () => {
    const { shape } = await json<{ shape: number[] }>(
      ...['interpolate', run, '--angles', '4', '--output', at('plane.npz')],
    );
    assert.deepEqual(shape, [4, 4, 2]);
    const { x, examples } = await arrays(at('plane.npz'));
    // φ = φ′ = 0 is the first example.
    assert.ok(largest(x!.data.subarray(0, 2), examples!.data.subarray(0, 2)) < 1e-4);
    await json('interpolate', run, '--angles', '32', '--output', at('plane.png'));
    assert.equal((await sharp(at('plane.png')).metadata()).width, 480);
  });

  test('reconstruct says that there is one scale', async () => {
    await fails(/one scale/, 'reconstruct', run, '--output', at('no.png'));
  });
});
