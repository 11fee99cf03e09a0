import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { UserError } from '../../../src/base/user-error';
import { tableColumns } from '../../../src/data/table-columns';
import { put, temporaryFolder } from '../support/temporary';

const folder = temporaryFolder();
const rows = Array.from({ length: 40 }, (_, i) => `${i / 7},${i % 3},${i},${'ab'[i % 2]}`).join('\n');

test('numbers, classes and names of rows are told apart', async () => {
  const found = await tableColumns(put(folder, 'a.csv', `mass,age,id,kind\n${rows}\n`), '/');
  assert.deepEqual(found, [
    { name: 'mass', key: 'mass', numeric: true, classes: false },
    { name: 'age', key: 'age', numeric: true, classes: true, seen: ['0', '1', '2'] },
    { name: 'id', key: 'id', numeric: true, classes: false },
    { name: 'kind', key: 'kind', numeric: false, classes: true, seen: ['a', 'b'] },
  ]);
});

test('without a line of names, and where a name stands twice, columns go by their numbers', async () => {
  const bare = await tableColumns(put(folder, 'bare.csv', `${rows}\n`), '/');
  assert.deepEqual(
    bare!.map(({ name, key }) => [name, key]),
    ['column 0', 'column 1', 'column 2', 'column 3'].map((name, i) => [name, i]),
  );
  const twice = await tableColumns(put(folder, 'twice.tsv', 'a\ta\n1\t2\n3\t4\n'), '/');
  assert.deepEqual(
    twice!.map(({ key }) => key),
    ['a', 1],
  );
});

test('only the first rows are read; other data have no columns to choose', async () => {
  const broken = `a,b\n${'1,2\n'.repeat(2000)}1,2,"`;
  assert.equal((await tableColumns(put(folder, 'long.csv', broken), '/'))?.length, 2);
  assert.equal(await tableColumns('moons', '/'), undefined);
  await assert.rejects(tableColumns('missing.csv', folder), UserError);
});

test('of Parquet what its schema says', async () => {
  const found = await tableColumns(path.resolve('test/fixtures/data/table-zstd.parquet'), '/');
  assert.deepEqual(
    found!.map(({ name, numeric, classes }) => [name, numeric, classes]),
    [
      ['x', true, false],
      ['k', true, true],
      ['f', true, false],
      ['flag', true, true],
      ['species', false, true],
    ],
  );
});
