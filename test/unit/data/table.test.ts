import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { UserError } from '../../../src/base/user-error';
import { createResources } from '../../../src/data/dataset';
import { readTable, type TableOptions } from '../../../src/data/table';
import { labelsOf, valuesOf } from '../support/examples';
import { put, temporaryFolder } from '../support/temporary';

const folder = temporaryFolder();
let files = 0;
const read = async (content: string | Uint8Array, options: TableOptions = {}, name = 'a.csv') => {
  const { all, ...table } = await readTable(
    put(folder, `${files++}/${name}`, content),
    options,
    createResources(Infinity),
  );
  return {
    ...table,
    count: all.count,
    values: await valuesOf(all),
    ...(all.labels ? { labels: labelsOf(all) } : {}),
  };
};

async function refused(
  content: string | Uint8Array,
  expected: RegExp,
  options?: TableOptions,
): Promise<void> {
  await assert.rejects(read(content, options), (error: Error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, /a\.csv/);
    assert.match(error.message, expected);
    return true;
  });
}

test('a header is told from numbers', async () => {
  const table = await read('a,b\n1,2\n3,4.5\n');
  assert.deepEqual([...table.values], [1, 2, 3, 4.5]);
  assert.deepEqual(table.featureNames, ['a', 'b']);
  const bare = await read('1,2\n3,4\n');
  assert.equal(bare.count, 2);
  assert.deepEqual(bare.featureNames, ['column 0', 'column 1']);
  const years = await read('id,2019,2020\n1,2,3\n');
  assert.deepEqual(years.featureNames, ['id', '2019', '2020']);
  const forced = await read('1,2\n3,4\n', { header: true });
  assert.deepEqual([forced.count, forced.featureNames], [1, ['1', '2']]);
});

test('a class written as text is no header', async () => {
  const table = await read('5.1,3.5,Iris-setosa\n4.9,3.0,Iris-virginica\n5,3,Iris-setosa\n', {
    labelColumn: 2,
  });
  assert.equal(table.count, 3);
  assert.deepEqual(table.labelNames, ['Iris-setosa', 'Iris-virginica']);
  assert.deepEqual([...table.labels!], [0, 1, 0]);
});

test('columns by name and number, labels in numeric order', async () => {
  const table = await read('a,b,c\n1,2,10\n3,4,9\n', { columns: ['b', 0], labelColumn: 'c' });
  assert.deepEqual([...table.values], [2, 1, 4, 3]);
  assert.deepEqual(table.featureNames, ['b', 'a']);
  assert.deepEqual(table.labelNames, ['9', '10']);
  assert.deepEqual([...table.labels!], [1, 0]);
});

test('delimiters, quotes, comments, blank lines, byte order marks, line ends, gzip', async () => {
  for (const content of [
    '1\t2\n3\t4\n',
    '1;2\n3;4',
    '1   2\n 3 4\n',
    '\uFEFF1,2\r\n3,4\r\n',
    '# made by hand\n1,2\n\n3,4\n\n',
    '"1","2"\n"3",4\n',
    ' 1 , 2 \n3,4',
    gzipSync('1,2\n3,4\n'),
    Buffer.from('\uFEFF1,2\r\n3,4\r\n', 'utf16le'),
    '1e0,+2.\n.3e1,4E0',
  ]) {
    const table = await read(content);
    assert.deepEqual([...table.values], [1, 2, 3, 4], JSON.stringify(content));
  }
});

test('errors name file, line, column and what was expected', async () => {
  await refused('a,b\n1,2\n3,x\n', /: line 3, column "b": expected a number, got "x"\. If it is a class/);
  await refused('a,b\n1,2\n\n# note\n3,x\n', /: line 5, column "b"/);
  await refused('a,b\n1,2\n3\n', /: line 3: expected 2 columns as in line 1, got 1/);
  await refused('1,2\n3,4,5\n', /: line 2: expected 2 columns as in line 1, got 3/);
  await refused('a,b\n1,\n', /: line 2, column "b": the value is missing/);
  await refused('a,b\n1,NaN\n', /: line 2, column "b": expected a finite number, got "NaN"/);
  await refused('a,b\n1,1e300\n', /expected a finite number, got "1e300"/);
  await refused('a,b\n1,"2,5"\n', /got "2,5"\. Use a decimal point/);
  await refused('', /contains no rows/);
  await refused('\n\n', /contains no rows/);
  await refused('# only a comment\n', /contains no rows/);
  await refused('a,b\n', /contains a header but no rows/);
  await refused('a,b\n1,2\n', /no column "c"; it has 2 columns: a, b/, { columns: ['c'] });
  await refused('a,b\n1,2\n', /no column 2; .*\(counted from 0\)/, { columns: [2] });
  await refused('1,2\n3,4\n', /"x" is given by name, but the first row has no names/, { labelColumn: 'x' });
  await refused('a\n1\n', /no columns are left to model/, { labelColumn: 'a' });
  await refused('a,b\n1,"2\n3,4\n', /near line \d+: not a readable table/);
  await refused(Buffer.from([1, 0, 2, 0, 0]), /is not a text file/);
  await refused(gzipSync('1,2\n'.repeat(50_000)).subarray(0, 150), /gzip data are damaged or cut off/);
});

test('a missing file and a folder', async () => {
  await assert.rejects(readTable(`${folder}/none.csv`, {}, createResources(0)), {
    name: 'UserError',
    message: /none\.csv: no such file/,
  });
  await assert.rejects(readTable(folder, {}, createResources(0)), {
    name: 'UserError',
    message: /is a folder/,
  });
});

test('what is written is read', async () => {
  const cell = fc.float({ noNaN: true, noDefaultInfinity: true });
  await fc.assert(
    fc.asyncProperty(
      fc
        .integer({ min: 1, max: 5 })
        .chain((width) =>
          fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 20 }),
        ),
      fc.constantFrom(',', '\t', ';'),
      async (rows, delimiter) => {
        const text = rows.map((row) => row.join(delimiter)).join('\n');
        const table = await read(text, { header: false });
        assert.equal(table.count, rows.length);
        assert.deepEqual(
          [...table.values],
          rows.flat().map((value) => Math.fround(Number(String(value)))),
        );
      },
    ),
    { numRuns: 60 },
  );
});

test('any text gives a table or a UserError', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: fc.constantFrom(...Array.from('01,.;\t\n\r"#a -eN\u0000é')) }),
      async (text) => {
        try {
          const table = await read(text);
          assert.ok(table.count > 0 && table.values.every(Number.isFinite));
        } catch (error) {
          assert.ok(error instanceof UserError, String((error as Error).stack));
        }
      },
    ),
    { numRuns: 400 },
  );
});

test('decimal commas are read where they separate no columns', async () => {
  const table = await read('t;p;n;o\n9,77;1.012,5;3;Ulm\n-20,5;996;4;Bonn\n+1;NA;5;Ulm\n', {
    labelColumn: 'o',
    missing: 'drop',
  });
  assert.deepEqual([...table.values], [9.77, 1012.5, 3, -20.5, 996, 4].map(Math.fround));
  assert.deepEqual(table.decimalCommas, [
    { name: 't', example: '9,77' },
    { name: 'p', example: '1.012,5' },
  ]);
  const bare = await read('1,5\t2\n2,5\t3\n', {}, 'a.tsv');
  assert.deepEqual([...bare.values], [1.5, 2, 2.5, 3]);
  assert.deepEqual(bare.featureNames, ['column 0', 'column 1']);
  assert.deepEqual((await read('a;b\n1.5;2\n')).decimalCommas, []);
});

test('a column with decimal commas and decimal points is refused, and so are other commas', async () => {
  await refused(
    'a;b\n1,5;2\n1.5;3\n',
    /line 3, column "a": "1\.5" has a decimal point, but "1,5" in line 2 a comma/,
  );
  await refused(
    'a;b\n1.5;2\n1,5;3\n',
    /line 3, column "a": "1,5" has a decimal comma, but "1\.5" in line 2 a point/,
  );
  await refused('a;b\n1,5,2;2\n', /expected a number, got "1,5,2"/);
  await refused('a b\n1,5 2\n', /expected a number, got "1,5"/);
});
