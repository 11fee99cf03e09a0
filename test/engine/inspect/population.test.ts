/** Scores of splits and of the user's own files against `score` and sharp; what is left out, refused and cancelled. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import { encodeNpy } from '../../../src/data/npy';
import type { PopulationRef } from '../../../src/protocol/population';
import { CancelledError } from '../../../src/protocol/wire';
import {
  anySignal,
  digitsModel,
  moonsModel,
  smallModel,
  refused,
  standardize,
  type SmallModel,
} from './model';

let digits: SmallModel;
let moons: SmallModel;
let folder: string;
const pictures = 70;
/** The n-th picture: a ramp that starts at n. */
const pixel = (n: number, i: number): number => (n * 3 + i * 2) % 256;

before(async () => {
  digits = await smallModel(digitsModel, 'digits');
  moons = await smallModel(moonsModel, 'moons', { standardize });
  folder = await mkdtemp(path.join(tmpdir(), 'flowscope-own-'));
  await mkdir(path.join(folder, 'pictures'));
  for (let n = 0; n < pictures; n++) {
    const data = Uint8Array.from({ length: 64 }, (_, i) => pixel(n, i));
    const png = await sharp(data, { raw: { width: 8, height: 8, channels: 1 } })
      .png()
      .toBuffer();
    await writeFile(
      path.join(folder, 'pictures', `${String(n).padStart(3, '0')}.png`),
      n === 5 ? png.subarray(0, 50) : png,
    );
  }
});
after(async () => {
  await digits.dispose();
  await moons.dispose();
  await rm(folder, { recursive: true });
});

const fileRef = (name: string): PopulationRef => ({ kind: 'file', path: path.join(folder, name) });
const close = (a: number, b: number, tolerance = 1e-4): void =>
  assert.ok(Math.abs(a - b) <= tolerance, `${a} is not ${b}`);

/** What the strip says that an example costs. */
async function costOf(model: SmallModel, source: PopulationRef, index: number): Promise<number> {
  const example =
    source.kind === 'split'
      ? ({ kind: 'data', split: source.split, index } as const)
      : ({ kind: 'file', path: source.path, index } as const);
  const strip = await model.inspector.ask(
    'strip',
    { example, batch: { split: 'validation', count: 2 }, mode: 'eval' },
    anySignal(),
  );
  return strip.example!.bitsPerDim ?? strip.example!.nats;
}

describe('scores of a population', () => {
  it('of a split are those of its distribution and of each example', async () => {
    const source: PopulationRef = { kind: 'split', split: 'validation' };
    const all = await digits.inspector.ask('scores', { source, start: 0 }, anySignal());
    assert.deepEqual([all.total, all.planned, all.next, all.unreadable], [359, 359, 359, 0]);
    const { validation } = await digits.inspector.ask(
      'diagnostics',
      { batch: { split: 'validation', count: 4 }, mode: 'eval' },
      anySignal(),
    );
    assert.deepEqual(all.scores, validation);
    for (const index of [0, 17, 358]) close(all.scores[index]!, await costOf(digits, source, index));
  });

  it('of a folder come in blocks, with one damaged picture left out and counted', async () => {
    const source = fileRef('pictures');
    const first = await digits.inspector.ask('scores', { source, start: 0 }, anySignal());
    assert.deepEqual([first.total, first.planned, first.next], [pictures, pictures, 64]);
    assert.equal(first.unreadable, 1);
    assert.match(first.reason!, /005\.png: the image is damaged/);
    assert.equal(first.indices.length, 63);
    assert.ok(!first.indices.includes(5));
    const second = await digits.inspector.ask('scores', { source, start: first.next }, anySignal());
    assert.deepEqual([...second.indices], [64, 65, 66, 67, 68, 69]);
    assert.equal(second.next, pictures);
    close(first.scores[7]!, await costOf(digits, source, first.indices[7]!));
  });

  it('of a table take the columns by their names', async () => {
    await writeFile(path.join(folder, 'rows.csv'), 'y,x\n0.1,0.2\n0.3,0.4\n0.5,-0.5\n');
    const plain = await moons.inspector.ask('scores', { source: fileRef('rows.csv'), start: 0 }, anySignal());
    assert.equal(plain.scores.length, 3);
    for (const index of [0, 2]) close(plain.scores[index]!, await costOf(moons, fileRef('rows.csv'), index));
    const values = await moons.inspector.ask(
      'pickExamples',
      { source: fileRef('rows.csv'), indices: [1] },
      anySignal(),
    );
    assert.deepEqual([...values.values.data], [Math.fround(0.3), Math.fround(0.4)]);
  });

  it('refuses what does not fit or is not there', async () => {
    await writeFile(path.join(folder, 'three.csv'), '1,2,3\n4,5,6\n');
    const ask = (model: SmallModel, source: PopulationRef) =>
      model.inspector.ask('scores', { source, start: 0 }, anySignal());
    await assert.rejects(
      ask(moons, fileRef('three.csv')),
      refused(/holds rows of 3 numbers; the model takes rows of 2/),
    );
    await assert.rejects(ask(digits, fileRef('gone')), refused(/gone/));
    await assert.rejects(ask(digits, { kind: 'file', path: 'relative' }), refused(/not an absolute path/));
    await writeFile(
      path.join(folder, 'odd.npy'),
      encodeNpy({ shape: [4, 5, 7, 1], data: new Uint8Array(140) }),
    );
    const fitted = await ask(digits, fileRef('odd.npy'));
    assert.equal(fitted.scores.length, 4, 'arrays of other sizes are cut and scaled like pictures');
    await assert.rejects(
      digits.inspector.ask('pickExamples', { source: fileRef('pictures'), indices: [70] }, anySignal()),
      refused(/example 70 was asked for; there are 70/),
    );
    await assert.rejects(
      digits.inspector.ask('scores', { source: fileRef('pictures'), start: 71 }, anySignal()),
      refused(/Scores from 71 on/),
    );
  });

  it('is cancelled', async () => {
    const controller = new AbortController();
    const answer = digits.inspector.ask(
      'scores',
      { source: fileRef('pictures'), start: 0 },
      controller.signal,
    );
    controller.abort();
    await assert.rejects(answer, CancelledError);
  });
});

describe('picked examples', () => {
  it('are the pixels of the files, in the model’s levels, and of the split', async () => {
    const { values } = await digits.inspector.ask(
      'pickExamples',
      { source: fileRef('pictures'), indices: [9, 2] },
      anySignal(),
    );
    assert.deepEqual(values.shape, [2, 8, 8, 1]);
    [9, 2].forEach((n, k) => {
      for (let i = 0; i < 64; i++)
        assert.equal(values.data[k * 64 + i], Math.floor((pixel(n, i) * 17) / 256));
    });
    const split = await digits.inspector.ask(
      'pickExamples',
      { source: { kind: 'split', split: 'train' }, indices: [3, 1] },
      anySignal(),
    );
    const page = await digits.inspector.ask('examples', { split: 'train', offset: 0, count: 4 }, anySignal());
    assert.deepEqual(split.values.data.subarray(0, 64), page.values.data.subarray(192, 256));
    assert.deepEqual(split.values.data.subarray(64), page.values.data.subarray(64, 128));
  });
});
