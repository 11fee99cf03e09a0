import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { UserError } from '../../../src/base/user-error';
import { tableOverview } from '../../../src/data/open/table-overview';
import type { TableOverview } from '../../../src/protocol/data';
import {
  allowedUses,
  firstUses,
  isIntegerClass,
  tableChoice,
  withUse,
} from '../../../src/protocol/table-choice';
import { put, temporaryFolder } from '../support/temporary';

const folder = temporaryFolder();
const tableColumns = async (file: string, base: string) => (await tableOverview(file, base))?.columns;
const rows = Array.from({ length: 40 }, (_, i) => `${i / 7},${i % 3},${i},${'ab'[i % 2]}`).join('\n');

test('numbers, classes and names of rows are told apart', async () => {
  const found = await tableColumns(put(folder, 'a.csv', `mass,age,id,kind\n${rows}\n`), '/');
  assert.deepEqual(
    found!.map(({ name, key, type, classes, seen = [] }) => [name, key, type, classes, ...seen]),
    [
      ['mass', 'mass', 'number', false],
      ['age', 'age', 'number', true, '0', '1', '2'],
      ['id', 'id', 'number', false],
      ['kind', 'kind', 'text', true, 'a', 'b'],
    ],
  );
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
  const broken = `a,b\n${'1,2\n'.repeat(30_000)}1,2,"`;
  assert.equal((await tableColumns(put(folder, 'long.csv', broken), '/'))?.length, 2);
  assert.equal(await tableColumns('moons', '/'), undefined);
  await assert.rejects(tableColumns('missing.csv', folder), UserError);
});

test('of Parquet as of text', async () => {
  const found = await tableColumns(path.resolve('test/fixtures/data/table-zstd.parquet'), '/');
  assert.deepEqual(
    found!.map(({ name, type, classes }) => [name, type, classes]),
    [
      ['x', 'number', false],
      ['k', 'number', false],
      ['f', 'number', false],
      ['flag', 'number', true],
      ['species', 'text', true],
    ],
  );
});

test('types, ranges, classes and gaps of a table that no flow could be trained on as it is', async () => {
  const lines = ['2020-01-02,1,a,', '2020-01-03,NA,b,5', '2021-11-30,3,a,', ',4.5,,7'];
  const { columns, ...found } = (await tableOverview(
    put(folder, 'mixed.csv', `day,size,kind,rare\n${lines.join('\n')}\n`),
    '/',
  ))!;
  assert.deepEqual(
    columns.map(({ name, type, gaps, distinct }) => [name, type, gaps, distinct]),
    [
      ['day', 'date', 1, 3],
      ['size', 'number', 1, 3],
      ['kind', 'text', 1, 2],
      ['rare', 'number', 2, 2],
    ],
  );
  assert.deepEqual(columns[2]!.counts, [2, 1]);
  const { min, max, mean, histogram } = columns[1]!.numbers!;
  assert.deepEqual([min, max], [1, 4.5]);
  assert.ok(Math.abs(mean - 8.5 / 3) < 1e-6);
  assert.equal(
    histogram.counts.reduce((a, b) => a + b),
    3,
  );
  assert.deepEqual(found.cells[1], ['2020-01-03', '', 'b', '5']);
  assert.deepEqual(found.gaps, [
    { columns: [3], rows: 2 },
    { columns: [1], rows: 1 },
    { columns: [0, 2], rows: 1 },
  ]);
  assert.deepEqual([found.rows, found.looked, found.more], [4, 4, false]);
});

test('a range has the digits that are written, which float32 cannot keep', async () => {
  const lines = Array.from({ length: 700 }, (_, i) => `${1e13 + i / 4},${i}`);
  const [account] = (await tableColumns(
    put(folder, 'account.csv', `account,n\n${lines.join('\n')}\n`),
    '/',
  ))!;
  const { min, max, std, histogram } = account!.numbers!;
  assert.deepEqual([min, max], [1e13, 1e13 + 174.75]);
  assert.ok(Math.abs(std - 175 / Math.sqrt(12)) < 0.1, String(std));
  assert.ok(histogram.counts.every((count) => count >= 20));
});

test('what is unusual about the numbers of a column is found in the file, before anything is chosen', async () => {
  const lines = Array.from({ length: 600 }, (_, i) => `${7 * i},${i % 3},${(i * 7) % 601},${'ab'[i % 2]}`);
  const found = await tableColumns(put(folder, 'found.csv', `n,few,rate,kind\n${lines.join('\n')}\n`), '/');
  assert.deepEqual(
    found!.map(({ numbers }) => [numbers?.quartiles?.[1], numbers?.findings]),
    [
      [2096.5, [{ kind: 'row number' }]],
      [1, [{ kind: 'few values', distinct: 3 }]],
      [299.5, [{ kind: 'row number' }]],
      [undefined, undefined],
    ],
  );
  assert.deepEqual(firstUses(found!), ['leave out', 'use', 'leave out', 'label']);
  assert.deepEqual(firstUses(found!.slice(0, 1)), ['use'], 'where there is nothing else');
});

test('whole numbers that none of are rare are a class, counts are not, and one of several is it by its name', async () => {
  // Of i: three plans alike, a count that halves from value to value, two answers alike.
  const lines = Array.from({ length: 1024 }, (_, i) =>
    [Math.sin(i), i % 3, Math.min(8, Math.clz32(i) - 22), i % 2].join(),
  );
  const columns = (name: string, cells: number) =>
    tableColumns(
      put(
        folder,
        `${name}.csv`,
        `${['x', 'plan', 'visits', name].slice(0, cells).join()}\n${lines.map((line) => line.split(',').slice(0, cells).join()).join('\n')}\n`,
      ),
      '/',
    );
  const [three, four, named] = [
    await columns('none', 3),
    await columns('answer', 4),
    await columns('Class', 4),
  ];
  assert.deepEqual(four!.map(isIntegerClass), [false, true, false, true]);
  assert.deepEqual(firstUses(three!), ['use', 'label', 'use']);
  assert.deepEqual(firstUses(four!), ['use', 'use', 'use', 'use']);
  assert.deepEqual(firstUses(named!), ['use', 'use', 'use', 'label']);
  assert.deepEqual(firstUses(three!.slice(1, 2)), ['use'], 'where there is nothing else');
  // Given, it is a class, or a number by choice.
  const overview = { columns: three!, columnCount: 3, gaps: [] } as unknown as TableOverview;
  assert.deepEqual(tableChoice(overview, ['use', 'condition', 'condition'], 'drop'), {
    context: { columns: ['visits'], labels: true, labelColumn: 'plan' },
  });
  assert.deepEqual(tableChoice(overview, ['use', 'number', 'leave out'], 'drop'), {
    ...{ context: { columns: ['plan'] }, reading: { exclude: ['visits'] } },
  });
  assert.deepEqual(tableChoice(overview, ['use', 'leave out', 'weight'], 'drop'), {
    reading: { exclude: ['plan'], weightColumn: 'visits' },
  });
  assert.deepEqual(withUse(three!, ['weight', 'use', 'use'], 2, 'weight'), ['use', 'use', 'weight']);
  assert.deepEqual(allowedUses(three![1]!), ['use', 'condition', 'number', 'label', 'weight', 'leave out']);
  assert.ok(!allowedUses(three![2]!).includes('number'));
});

test('of a long table the first rows are looked at', async () => {
  const long = await tableOverview(put(folder, 'longer.csv', `a,b\n${'1,2\n'.repeat(30_000)}`), '/');
  assert.deepEqual([long!.looked, long!.more, long!.cells.length], [20_000, true, 200]);
});

test('columns with decimal commas are numbers where all of their values are', async () => {
  const lines = ['9,77;1,5;2,5,1;1', '-3,5;2.5;2;2', 'NA;3;3,5;4'];
  const found = await tableColumns(put(folder, 'commas.csv', `a;b;c;d\n${lines.join('\n')}\n`), '/');
  assert.deepEqual(
    found!.map(({ type, numbers }) => [type, numbers?.min, numbers?.max]),
    [
      ['number', -3.5, 9.77],
      ['text', undefined, undefined],
      ['text', undefined, undefined],
      ['number', 1, 4],
    ],
  );
});
