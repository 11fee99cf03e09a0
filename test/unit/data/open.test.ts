import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { zipSync } from 'fflate';
import { parseDataConfig } from '../../../src/config/parse';
import { openDataset } from '../../../src/data/open/open';
import { splitContext } from '../../../src/data/context';
import { encodeNpy } from '../../../src/data/npy';
import { prepareRun } from '../../../src/data/open/prepare';
import { fitStandardization } from '../../../src/data/standardize';
import { memoryExamples } from '../../../src/data/records';
import { limited } from '../../../src/data/split';
import { labelsOf, valuesOf } from '../support/examples';
import { put, temporaryFolder } from '../support/temporary';

const folder = temporaryFolder();
const open = (config: object) => openDataset(parseDataConfig(config, 'test'), folder);

const table = (rows: number) =>
  `a,b\n${Array.from({ length: rows }, (_, i) => `${i},${i * i}`).join('\n')}\n`;

test('the bundled digits: 1,438 + 359 real images', async () => {
  const digits = await open({ source: 'digits' });
  assert.deepEqual([digits.train.count, digits.validation.count, digits.levels], [1438, 359, 17]);
  assert.deepEqual(digits.shape, [8, 8, 1]);
  const all = [...(await valuesOf(digits.train)), ...(await valuesOf(digits.validation))];
  assert.equal(all.length, 1797 * 64);
  assert.equal(Math.max(...all), 16);
  // The published mean over all pixels, which no split can change.
  assert.ok(Math.abs(all.reduce((a, b) => a + b, 0) / all.length - 4.884165) < 1e-5);
  assert.deepEqual([...new Set(labelsOf(digits.train))].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('splits are seeded, disjoint and complete', async () => {
  put(folder, 't.csv', table(50));
  const split = async (splitSeed: number) =>
    (await valuesOf((await open({ source: 't.csv', splitSeed })).train)).filter((_, i) => i % 2 === 0);
  assert.deepEqual(await split(1), await split(1));
  assert.notDeepEqual(await split(1), await split(2));
  const { train, validation } = await open({ source: 't.csv' });
  assert.deepEqual([train.count, validation.count], [40, 10]);
  const rows = [...(await valuesOf(train)), ...(await valuesOf(validation))].filter((_, i) => i % 2 === 0);
  assert.deepEqual(
    rows.sort((a, b) => a - b),
    Array.from({ length: 50 }, (_, i) => i),
  );
});

test('validation as a fraction, a count or none; a limit', async () => {
  put(folder, 'v.csv', table(20));
  const counts = async (config: object) => {
    const { train, validation } = await open({ source: 'v.csv', ...config });
    return [train.count, validation.count];
  };
  assert.deepEqual(await counts({ validation: 0.25 }), [15, 5]);
  assert.deepEqual(await counts({ validation: 7 }), [13, 7]);
  assert.deepEqual(await counts({ validation: 1 }), [19, 1]);
  assert.deepEqual(await counts({ validation: 0 }), [20, 0]);
  assert.deepEqual(await counts({ validation: 0.001 }), [19, 1]);
  assert.deepEqual(await counts({ limit: 10 }), [8, 2]);
  await assert.rejects(counts({ validation: 19 }), {
    name: 'UserError',
    message: /too few examples: 20 in total, of which 19 are held out/,
  });
});

test('labels follow their rows through the split', async () => {
  put(folder, 'l.csv', `x,y,c\n${Array.from({ length: 30 }, (_, i) => `${i},0.5,${i % 3}`).join('\n')}`);
  const { train, labelNames } = await open({ source: 'l.csv', labelColumn: 'c' });
  assert.deepEqual(labelNames, ['0', '1', '2']);
  const values = await valuesOf(train);
  for (let i = 0; i < train.count; i++) assert.equal(train.labels!.at(i), values[2 * i]! % 3);
});

test('formats are told by name or content, and can be forced', async () => {
  put(folder, 'x.tsv', '1\t2\n3\t4\n5\t6\n');
  put(folder, 'x.unknown', '1,2\n3,4\n5,6\n');
  assert.equal((await open({ source: 'x.tsv' })).train.count, 2);
  assert.equal((await open({ source: 'x.unknown', format: 'csv' })).train.count, 2);
  await assert.rejects(open({ source: 'x.unknown' }), { message: /cannot tell the format.*data\.format/ });
  await assert.rejects(open({ source: 'moonz' }), {
    message: /"moonz" is neither a file nor a built-in data set/,
  });
  await assert.rejects(open({ source: './none.csv' }), { message: /none\.csv: no such file/ });
  await assert.rejects(open({ source: 'iris', format: 'builtin' }), {
    message: /no built-in data set "iris"/,
  });
  assert.equal((await open({ source: 'moons' })).provenance.rows, 20_000);
});

test('the published test file is the validation set, shortened by a count', async () => {
  const bytes = (count: number, fill: number) =>
    Buffer.concat([
      Buffer.from([0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 2, 0, 0, 0, 2]),
      Buffer.alloc(count * 4, fill),
    ]);
  put(folder, 'idx/train-images-idx3-ubyte', bytes(9, 1));
  const alone = await open({ source: 'idx' });
  assert.deepEqual([alone.train.count, alone.validation.count], [7, 2]);
  put(folder, 'idx/t10k-images-idx3-ubyte', bytes(5, 2));
  const both = await open({ source: 'idx' });
  assert.deepEqual([both.train.count, both.validation.count], [9, 5]);
  assert.ok((await valuesOf(both.validation)).every((value) => value === 2));
  assert.equal((await open({ source: 'idx', validation: 3 })).validation.count, 3);
  assert.equal((await open({ source: 'idx', validation: 0 })).validation.count, 0);
  assert.equal((await open({ source: 'idx', limit: 4 })).train.count, 4);
});

test('a run is prepared with the data split as its preset wants', async () => {
  const image = Buffer.alloc(784, 3);
  const many = Buffer.concat([
    Buffer.from([0, 0, 8, 3, 0, 0, 0x0c, 0, 0, 0, 0, 28, 0, 0, 0, 28]),
    ...Array<Buffer>(0x0c00).fill(image),
  ]);
  put(folder, 'm/train-images-idx3-ubyte', many);
  const { config, dataset } = await prepareRun({ data: 'm' }, folder);
  assert.equal(config.data.validation, 500);
  assert.deepEqual([dataset.train.count, dataset.validation.count], [0x0c00 - 500, 500]);
  assert.equal(config.data.source, path.join(folder, 'm', 'train-images-idx3-ubyte'));
});

test('examples are gathered as floats, and others are refused', async () => {
  const split = limited(memoryExamples(Uint8Array.of(1, 2, 3, 4, 5, 6), 2), undefined, 0);
  assert.deepEqual(await split.read([2, 0, 2]), Float32Array.of(5, 6, 1, 2, 5, 6));
  await assert.rejects(async () => split.read([3]), RangeError);
  await assert.rejects(async () => split.read([-1]), RangeError);
});

const fit = (size: number, values: number[], names?: string[]) =>
  fitStandardization(limited(memoryExamples(Float32Array.from(values), size), undefined, 0), names);

test('standardization is the mean and the population deviation', async () => {
  const { mean, std } = await fit(2, [1, 10, 2, 10, 3, 20, 4, 20]);
  assert.deepEqual(mean, [2.5, 15]);
  assert.ok(Math.abs(std[0]! - Math.sqrt(1.25)) < 1e-12);
  assert.ok(Math.abs(std[1]! - 5) < 1e-12);
});

test('a large offset does not spoil the deviation, and a constant column is named', async () => {
  const far = await fit(1, [100_000, 100_001, 100_002]);
  assert.ok(Math.abs(far.std[0]! - Math.sqrt(2 / 3)) < 1e-9);
  await assert.rejects(fit(2, [1, 7, 2, 7], ['a', 'b']), {
    name: 'UserError',
    message: /Column "b" does not vary: it is 7 in all 2 training rows/,
  });
  await assert.rejects(fit(1, [0, 0]), /Column 0 does not vary/);
  // The first are equal as float32, the others differ by one in ten million.
  const tooFine =
    /Column "account" varies too little beside its size, which is about 10{7,}, for float32 to tell/;
  for (const values of [
    [1e13, 1e13 + 175],
    [1e7, 1e7 + 2],
  ])
    await assert.rejects(fit(1, values, ['account']), { name: 'UserError', message: tooFine });
});

test('a run is no data, and says what names its data', async () => {
  put(folder, 'run/config.json', '{}');
  put(folder, 'run/run.json', '{}');
  put(folder, 'run/samples/step-1.png', 'not looked at');
  await assert.rejects(open({ source: 'run' }), {
    name: 'UserError',
    message: /run: is a run, not data. Give the data, or the config\.json in it/,
  });
});

test('images that come with an image each, in either layout, or with a row', async () => {
  const images = Uint8Array.from({ length: 5 * 4 }, (_, i) => i);
  put(folder, 'images.npy', encodeNpy({ shape: [5, 2, 2, 1], data: images }));
  // [N, H, W, C] and the same with the channels first; number 100·n + 10·pixel + channel.
  const last = Float32Array.from({ length: 5 * 6 }, (_, i) => {
    const [n, at] = [Math.floor(i / 6), i % 6];
    return 100 * n + 10 * Math.floor(at / 3) + (at % 3);
  });
  const first = Float32Array.from({ length: 5 * 6 }, (_, i) => {
    const [n, at] = [Math.floor(i / 6), i % 6];
    return 100 * n + 10 * (at % 2) + Math.floor(at / 2);
  });
  put(folder, 'last.npy', encodeNpy({ shape: [5, 2, 1, 3], data: last }));
  put(folder, 'first.npz', zipSync({ 'context.npy': encodeNpy({ shape: [5, 3, 2, 1], data: first }) }));
  put(folder, 'row.npy', encodeNpy({ shape: [5, 6], data: last }));
  for (const [contextSource, contextShape] of [
    ['last.npy', [2, 1, 3]],
    ['first.npz', [2, 1, 3]],
    ['row.npy', [1, 1, 6]],
  ] as const) {
    const data = await open({ source: 'images.npy', contextSource, contextShape, validation: 1 });
    const { train, shape } = data;
    assert.deepEqual([shape, data.contextSize, train.size], [[2, 2, 1], 6, 10]);
    for (let i = 0; i < train.count; i++) {
      const { features, context } = splitContext(await train.read([i]), data);
      const n = features[0]! / 4;
      assert.deepEqual([...context!], [...last.subarray(6 * n, 6 * n + 6)], contextSource);
    }
    await data.close();
  }
  await assert.rejects(open({ source: 'images.npy', contextSource: 'last.npy' }), /data\.contextShape/);
  const cropped = {
    source: 'images.npy',
    contextSource: 'last.npy',
    contextShape: [2, 1, 3],
    crop: 'center',
  };
  await assert.rejects(open(cropped), /change the images and not their context/);
});
