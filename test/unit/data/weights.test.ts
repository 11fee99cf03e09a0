import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDataConfig } from '../../../src/config/parse';
import type { Split } from '../../../src/data/dataset';
import { openDataset } from '../../../src/data/open/open';
import { previewData } from '../../../src/data/open/preview';
import { fitStandardization } from '../../../src/data/standardize';
import { valuesOf } from '../support/examples';
import { put, temporaryFolder } from '../support/temporary';

const folder = temporaryFolder();
const open = (config: object) => openDataset(parseDataConfig(config, 'test'), folder);

const rows = 400;
/** Of row i: 0 for every fourth, then 1, 2, 3. */
const weight = (i: number): number => i % 4;
put(folder, 'plain.csv', ['a,b', ...Array.from({ length: rows }, (_, i) => `${i},${2 * i}`)].join('\n'));
put(
  folder,
  'weighted.csv',
  ['a,w,b', ...Array.from({ length: rows }, (_, i) => `${i},${weight(i)},${2 * i}`)].join('\n'),
);
put(
  folder,
  'equal.csv',
  ['a,w,b', ...Array.from({ length: rows }, (_, i) => `${i},0.3,${2 * i}`)].join('\n'),
);

async function timesOf(split: Split): Promise<Map<number, number>> {
  const times = new Map<number, number>();
  const all = await valuesOf(split);
  for (let i = 0; i < all.length; i += 2) {
    assert.equal(all[i + 1], 2 * all[i]!, 'the column of weights is taken away');
    times.set(all[i]!, (times.get(all[i]!) ?? 0) + 1);
  }
  return times;
}

test('equal weights change nothing', async () => {
  const [plain, equal] = [
    await open({ source: 'plain.csv' }),
    await open({ source: 'equal.csv', weightColumn: 'w' }),
  ];
  for (const part of ['train', 'validation'] as const)
    assert.deepEqual(await valuesOf(equal[part]), await valuesOf(plain[part]));
  assert.deepEqual(equal.featureNames, ['a', 'b']);
});

test('each row comes as often as its share, rounded up or down, in training and in a scan', async () => {
  const { train, validation, provenance } = await open({ source: 'weighted.csv', weightColumn: 'w' });
  assert.equal(train.count, 0.8 * rows);
  const times = await timesOf(train);
  const held = await timesOf(validation);
  const isHeld = (i: number): boolean => held.has(i);
  assert.ok(
    [...times.keys()].every((i) => !isHeld(i)),
    'no row is in both parts',
  );
  const kept = [...Array(rows).keys()].filter((i) => times.has(i));
  const mean = kept.reduce((sum, i) => sum + times.get(i)!, 0) / kept.reduce((sum, i) => sum + weight(i), 0);
  for (const i of kept)
    assert.ok(Math.abs(times.get(i)! - mean * weight(i)) < 1, `row ${i}: ${times.get(i)} times`);
  assert.ok([...times.keys()].every((i) => weight(i) > 0));
  const scanned = new Map<number, number>();
  for await (const block of train.scan())
    for (let i = 0; i < block.length; i += 2) scanned.set(block[i]!, (scanned.get(block[i]!) ?? 0) + 1);
  assert.deepEqual([...scanned].sort(), [...times].sort());
  // (Σw)² / Σw² of 0, 1, 2, 3 is 36 / 14 of 4.
  assert.match(provenance.note, /; drawn by weight, 400 rows count as 257$/);
  const expected = (36 / 14 / 4) * 0.2 * rows;
  assert.ok(Math.abs(validation.count - expected) < 8, `${validation.count}, expected about ${expected}`);
  const drawn = await valuesOf(train);
  const values = drawn.filter((_, i) => i % 2 === 0);
  const { mean: means } = await fitStandardization(train);
  assert.ok(Math.abs(means[0]! - values.reduce((sum, x) => sum + x, 0) / values.length) < 1e-3 * rows);
});

test('other data that are held out have weights of their own, and a preview counts what is drawn', async () => {
  const data = await open({ source: 'equal.csv', validationSource: 'weighted.csv', weightColumn: 'w' });
  assert.equal(data.train.count, rows);
  assert.equal(data.validation.count, 257);
  const dataset = await open({ source: 'weighted.csv', weightColumn: 'w' });
  const preview = await previewData('weighted.csv', folder, { reading: { weightColumn: 'w' } });
  assert.equal(preview.validation, dataset.validation.count);
  assert.deepEqual(
    preview.features!.map(({ name }) => name),
    ['a', 'b'],
  );
});

test('weights that no rows can be drawn by are refused in words', async () => {
  put(folder, 'negative.csv', 'a,w\n1,1\n2,-0.5\n3,1\n');
  put(folder, 'zero.csv', 'a,w\n1,0\n2,0\n3,0\n4,0\n5,0\n');
  put(folder, 'gap.csv', 'a,w\n1,1\n2,\n3,1\n4,2\n');
  await assert.rejects(
    open({ source: 'negative.csv', weightColumn: 'w' }),
    /weight of row 2 \(column "w"\) is -0\.5; expected 0 or more/,
  );
  await assert.rejects(open({ source: 'zero.csv', weightColumn: 'w' }), /has a weight above 0/);
  await assert.rejects(
    open({ source: 'gap.csv', weightColumn: 'w', missing: 'mean' }),
    /weight of row 2 .* is missing/,
  );
  await assert.rejects(open({ source: 'plain.csv', weightColumn: 'w' }), /there is no column "w"/);
  await assert.rejects(
    open({ source: 'equal.csv', weightColumn: 'w', columns: ['a', 'w'] }),
    /holds the weights .* name it in one place/,
  );
  await assert.rejects(open({ source: 'moons', weightColumn: 'w' }), /is no table, so data\.weightColumn/);
});
