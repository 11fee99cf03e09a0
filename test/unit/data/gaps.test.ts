import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../../../src/base/user-error';
import { parseDataConfig, parseRunConfig } from '../../../src/config/parse';
import { openDataset } from '../../../src/data/open/open';
import { readParquet } from '../../../src/data/parquet';
import { previewData } from '../../../src/data/open/preview';
import { createResources } from '../../../src/data/dataset';
import { fitStandardization } from '../../../src/data/standardize';
import { labelsOf, valuesOf } from '../support/examples';
import { put, temporaryFolder } from '../support/temporary';
import path from 'node:path';

const folder = temporaryFolder();
const open = (config: object) => openDataset(parseDataConfig(config, 'test'), folder);
const missingParquet = path.resolve('test/fixtures/data/missing.parquet');

const gaps = 'a,b,kind\n1,10,x\n2,,y\n3,NA,x\n?,40,y\n5,50,x\n6,60,\n';

async function inOrder(config: object): Promise<{ values: number[]; labels: string[]; note: string }> {
  const { train, labelNames = [], provenance } = await open({ validation: 0, ...config });
  const values: number[] = [];
  for await (const block of train.scan()) values.push(...block);
  return {
    values,
    labels: labelsOf(train)
      .map((label) => labelNames[label!]!)
      .sort(),
    note: provenance.note,
  };
}

test('rows with gaps are left out and counted, also where only the class is missing', async () => {
  put(folder, 'gaps.csv', gaps);
  const { values, labels, note } = await inOrder({
    source: 'gaps.csv',
    labelColumn: 'kind',
    missing: 'drop',
  });
  assert.deepEqual(values, [1, 10, 5, 50]);
  assert.deepEqual(labels, ['x', 'x']);
  assert.equal(note, 'a table of 2 columns; left out 4 of 6 rows with gaps');
  const one = await inOrder({ source: 'gaps.csv', columns: ['b'], missing: 'drop' });
  assert.deepEqual(one.values, [10, 40, 50, 60]);
});

test('gaps are filled with the mean of the training rows only', async () => {
  const rows = Array.from({ length: 40 }, (_, i) => (i % 4 === 0 ? `${i},` : `${i},${i * i}`));
  put(folder, 'mean.csv', `a,b\n${rows.join('\n')}\n`);
  const { train, validation, provenance } = await open({
    source: 'mean.csv',
    missing: 'mean',
    validation: 0.5,
  });
  assert.match(provenance.note, /filled gaps in 10 of 40 rows with the mean of the training rows/);
  const values = await valuesOf(train);
  const held = await valuesOf(validation);
  const present = values.flatMap((value, i) => (i % 2 === 0 && value % 4 !== 0 ? [value ** 2] : []));
  const mean = Math.fround(present.reduce((sum, value) => sum + value, 0) / present.length);
  let filled = 0;
  for (const all of [values, held]) {
    for (let i = 0; i < all.length; i += 2) {
      const expected = all[i]! % 4 === 0 ? mean : all[i]! ** 2;
      if (all[i]! % 4 === 0) filled++;
      // The order of additions differs by part of a rounding.
      assert.ok(Math.abs(all[i + 1]! - expected) < 1e-4 * mean, `row ${all[i]}`);
    }
  }
  assert.equal(filled, 10);
  // What fills the gaps is what standardization subtracts, so that it can be stored as that.
  const standardization = await fitStandardization(train);
  assert.ok(Math.abs(standardization.mean[1]! - mean) < 1e-4 * mean);
});

test('Parquet: nulls are left out or kept to be filled', async () => {
  const read = async (missing: 'drop' | 'mean') => {
    const resources = createResources(Infinity);
    const { all, gaps: found } = await readParquet(missingParquet, { missing }, resources);
    return { count: all.count, values: await valuesOf(all), found };
  };
  const kept = await read('mean');
  const dropped = await read('drop');
  assert.ok(kept.found.rows > 0);
  assert.equal(dropped.count, kept.count - kept.found.rows);
  assert.equal(dropped.found.of, kept.count);
  assert.ok(dropped.values.every(Number.isFinite));
  assert.equal(
    kept.values.filter((value) => Number.isNaN(value)).length,
    kept.found.columns.reduce((sum, value) => sum + value, 0),
  );
});

test('columns are left out', async () => {
  put(folder, 'words.csv', 'id,a,b\np1,1,2\np2,3,4\np3,5,6\n');
  assert.deepEqual((await inOrder({ source: 'words.csv', exclude: ['id'] })).values, [1, 2, 3, 4, 5, 6]);
  assert.deepEqual((await inOrder({ source: 'words.csv', exclude: [0, 'a'] })).values, [2, 4, 6]);
});

test('what cannot be is refused, with what to do', async () => {
  put(folder, 'all.csv', 'a,b\n1,\n2,\n');
  put(folder, 'inf.csv', 'a,b\n1,2\n2,inf\n');
  const refused = async (config: object, expected: RegExp): Promise<void> => {
    await assert.rejects(inOrder(config), (error: Error) => {
      assert.ok(error instanceof UserError, error.stack);
      assert.match(error.message, expected);
      return true;
    });
  };
  await refused({ source: 'gaps.csv', exclude: ['kind'] }, /line 3, column "b".*missing.*--missing drop/);
  await refused({ source: 'gaps.csv', missing: 'drop' }, /column "kind": expected a number.*--exclude/);
  await refused({ source: 'all.csv', missing: 'drop' }, /each of its 2 rows has a gap/);
  await refused({ source: 'all.csv', missing: 'mean' }, /column "b" has no value in the training rows/);
  await refused({ source: 'inf.csv', missing: 'drop' }, /expected a finite number, got "inf"/);
  await refused({ source: 'gaps.csv', exclude: ['none'] }, /no column "none"/);
  await refused({ source: 'gaps.csv', columns: ['a'], exclude: ['a'] }, /"a" is left out \(--exclude/);
  await refused({ source: 'moons', missing: 'drop' }, /is no table/);
  await refused({ source: 'gaps.csv', missing: 'fill' }, /data\.missing: expected .*"drop"/);
  await refused(
    { source: 'gaps.csv', exclude: ['kind'], missing: 'drop', contextSource: 'all.csv' },
    /data\.contextSource has a row for each/,
  );
  assert.throws(
    () =>
      parseRunConfig(
        { data: { source: 'a', missing: 'mean', standardize: false }, model: { kind: 'vector', dim: 2 } },
        'test',
      ),
    /data\.missing: expected "error" or "drop" with data\.standardize false/,
  );
});

test('a preview counts the gaps of each column and takes statistics of the rest', async () => {
  const look = (reading?: object) =>
    previewData('gaps.csv', folder, { context: { labelColumn: 'kind' }, ...(reading ? { reading } : {}) });
  const plain = await look();
  assert.deepEqual(
    plain.features!.map(({ name, gaps: count }) => [name, count]),
    [
      ['a', 1],
      ['b', 2],
    ],
  );
  assert.ok(plain.warnings.some((line) => line.startsWith('3 of 6 rows have gaps')));
  assert.ok(plain.features!.every(({ min, max }) => min > 0 && max <= 60));
  const dropped = await look({ missing: 'drop' });
  assert.match(dropped.note, /Left out 4 of 6 rows with gaps|left out 4 of 6 rows with gaps/);
  assert.ok(!dropped.warnings.some((line) => line.includes('have gaps')));
  assert.equal(dropped.train + dropped.validation, 2);
});
