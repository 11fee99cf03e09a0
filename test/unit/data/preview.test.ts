import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { previewData } from '../../../src/data/open/preview';
import { offeredMap } from '../../../src/protocol/offered-map';
import { stream } from '../../../src/data/random';
import { temporaryFolder } from '../support/temporary';

const folder = temporaryFolder();
const normal = stream(4, 'rows').normal(4000);

/** So many rows, of which the later ones are a little longer. */
function table(name: string, rows: number): string {
  const file = path.join(folder, name);
  const lines = Array.from({ length: rows }, (_, i) => `${((i * 37) % 1000) / 1000},${(i % 97) / 97}\n`);
  writeFileSync(file, lines.join(''));
  return file;
}

test('rows of a large table are counted, of a very large one guessed by its first part', async () => {
  const counted = await previewData(table('large.csv', 2_000_000), folder);
  assert.match(counted.note, /table of 2 columns, about 2,000,000 rows; the first 50,000 were read\.$/);
  assert.equal(counted.train + counted.validation, 2_000_000);
  const rows = 3_456_789;
  const guessed = await previewData(table('larger.csv', rows), folder);
  assert.match(guessed.note, /about 3,4[0-9]0,000 rows/);
  assert.ok(Math.abs((guessed.train + guessed.validation) / rows - 1) < 0.01, guessed.note);
});

test('classes are counted, those of the first rows are named', async () => {
  const file = path.join(folder, 'birds.csv');
  const rows = ['x,y,kind', '1,2,tern', '3,1,owl', '2,5,', '4,4,owl', '5,2,owl'];
  writeFileSync(file, rows.join('\n'));
  const config = path.join(folder, 'birds.flow.json');
  writeFileSync(
    config,
    JSON.stringify({ data: { source: 'birds.csv', labelColumn: 'kind', validation: 0 } }),
  );
  const { classes, rowClasses, rows: shown } = await previewData(config, folder);
  assert.deepEqual(classes, [
    { name: '', examples: 1 },
    { name: 'owl', examples: 3 },
    { name: 'tern', examples: 1 },
  ]);
  // In whichever order they are shown.
  assert.deepEqual(shown!.map(([x, y], i) => `${x},${y},${rowClasses![i]}`).sort(), rows.slice(1).sort());
  assert.equal((await previewData(table('bare.csv', 10), folder)).classes, undefined);
  const digits = await previewData('digits', folder);
  assert.equal(digits.classes?.length, 10);
  assert.equal(
    digits.classes.reduce((sum, { examples }) => sum + examples, 0),
    digits.looked,
  );
});

test('numbers of a condition are named, and nothing is said of their values', async () => {
  const file = path.join(folder, 'trips.csv');
  const rows = Array.from(
    { length: 900 },
    (_, i) => `${normal[i]},${Math.atan(normal[900 + i]!)},${i % 3 ? 'cash' : 'card'}`,
  );
  writeFileSync(file, `x,y,payment\n${rows.join('\n')}`);
  const { features, range, warnings } = await previewData(file, folder, {
    context: { labelColumn: 'payment', labels: true },
  });
  assert.deepEqual(
    features!.map(({ name, condition = false }) => [name, condition]),
    [
      ['x', false],
      ['y', false],
      ['card', true],
      ['cash', true],
    ],
  );
  assert.ok(range[0] < -2 && range[1] > 2, String(range));
  assert.deepEqual(warnings, []);
});

test('decimal commas that were read are said once', async () => {
  const file = path.join(folder, 'weather.csv');
  const rows = Array.from({ length: 900 }, (_, i) => [Math.sin(i), Math.cos(3 * i), i / 7].join(';'));
  writeFileSync(file, `t;p;h\n${rows.join('\n').replaceAll('.', ',')}`);
  const { warnings } = await previewData(file, folder, { reading: { exclude: ['h'] } });
  assert.deepEqual(
    warnings.filter((line) => line.includes('comma')),
    ['Columns "t", "p" have decimal commas: 0,8414709848078965 was read as 0.8414709848078965.'],
  );
});

test('values that differ, but not as float32, are not said to be all the same', async () => {
  const lines = Array.from({ length: 700 }, (_, i) => `${1e13 + i / 4},${1e7 + (i % 7)},7,${normal[i]}`);
  const file = path.join(folder, 'fine.csv');
  writeFileSync(file, `account,odd,still,x\n${lines.join('\n')}\n`);
  const { warnings } = await previewData(file, folder);
  assert.deepEqual(warnings, [
    'Column "still" does not vary, but a density needs columns that vary. Leave it out (--exclude, data.exclude).',
    'Columns "account", "odd" vary too little beside their size for float32 to tell their values apart. Subtract what all ' +
      'have in common first, or leave them out (--exclude, data.exclude).',
  ]);
});

test('columns that name rows, and numbers of more digits than are read, are said with what to do', async () => {
  const file = path.join(folder, 'orders.csv');
  const rows = Array.from({ length: 1000 }, (_, i) =>
    [
      100_000 + 5 * i,
      Math.floor(Math.random() * 400),
      Math.sin(i),
      49_045_275_193_902 + Math.floor(8e11 * Math.random()),
      1e9 + 300 * Math.cos(i),
      1e9 * Math.cos(i),
      ((i * 7919) % 100_003) * 10,
    ].join(),
  );
  writeFileSync(file, `n,Customer ID,weight,account,late,far,cents\n${rows.join('\n')}`);
  const { warnings } = await previewData(file, folder);
  const said = warnings.filter((line) => /rows/.test(line));
  assert.deepEqual(said, [
    'Columns "n", "Customer ID" seem to number or name the rows, and a density learns nothing from that. Leave them out (--exclude, data.exclude).',
    'Column "account" has numbers of more digits than a flow reads, which are about 7: rows that differ only in later ones become equal. ' +
      'Leave it out (--exclude, data.exclude), or subtract what all have in common first.',
  ]);
  // Training refuses it.
  assert.ok(warnings.some((line) => line.startsWith('Column "late" varies too little beside its size')));
});

test('all columns that training refuses are said at once, with the others as they are without them', async () => {
  const lines = Array.from({ length: 900 }, (_, i) => [
    `2020-01-${10 + (i % 9)}`,
    i === 40 ? '' : normal[i],
    i === 700 ? 'inf' : normal[900 + i],
    i % 2 ? 'owl' : 'tern',
    normal[1800 + i],
  ]);
  const file = path.join(folder, 'words.csv');
  writeFileSync(file, `day,a,b,kind,c\n${lines.map((cells) => cells.join()).join('\n')}\n`);
  const preview = await previewData(file, folder);
  assert.deepEqual(preview.refused, [
    { name: 'day', column: 0, rows: 900, example: '2020-01-10', where: 'line 2' },
    { name: 'b', column: 2, rows: 1, example: 'inf', where: 'line 702' },
    { name: 'kind', column: 3, rows: 900, example: 'tern', where: 'line 2' },
  ]);
  assert.deepEqual(
    preview.features!.map(({ name, column, gaps }) => [name, column, gaps]),
    [
      ['a', 1, 1],
      ['c', 4, 0],
    ],
  );
  assert.equal(
    preview.warnings[0],
    'Training refuses 3 columns that hold other than finite numbers: "day" ("2020-01-10" in line 2 and 899 other rows), ' +
      '"b" ("inf" in line 702), "kind" ("tern" in line 2 and 899 other rows). Make a class the label (--label-column, ' +
      'data.labelColumn), leave them out (--exclude, data.exclude), or correct the values.',
  );
  assert.match(preview.warnings[1]!, /^1 of 900 rows have gaps, which training refuses/);
  // Words are no gaps, and a column that is given is refused as one that is modeled.
  const chosen = await previewData(file, folder, {
    reading: { exclude: ['b'], missing: 'drop' },
    context: { columns: ['c', 'day'], labelColumn: 'kind' },
  });
  assert.equal(chosen.train + chosen.validation, 899);
  assert.deepEqual(
    [chosen.refused!.map(({ name }) => name), chosen.features!.map(({ name }) => name)],
    [['day'], ['a', 'c']],
  );
});

test('a table of words, one of a single row and one with broken rows are described, too', async () => {
  const words = path.join(folder, 'only-words.csv');
  writeFileSync(words, 'a,b\nx,y\nz,y\n');
  const found = await previewData(words, folder);
  assert.deepEqual([found.shape, found.refused!.length, found.features], [[0], 2, []]);
  const row = path.join(folder, 'row.csv');
  writeFileSync(row, 'a,b\n1,2\n');
  const { warnings } = await previewData(row, folder);
  assert.match(warnings[0]!, /^Training refuses so few examples: 0 would be left for it, and it needs 2\.$/);
  const broken = path.join(folder, 'broken.csv');
  writeFileSync(broken, 'a,b\n1,2\n3,4,5\n6\n7,8\n');
  assert.equal(
    (await previewData(broken, folder)).warnings[0],
    'Training refuses 2 rows with another number of columns than the first: line 3 has 3, not 2. Correct or remove them.',
  );
  writeFileSync(broken, '# data\na,b,c,d\n1,2\n3,4\n');
  await assert.rejects(previewData(broken, folder), /line 3: expected 4 columns as in line 2, got 2/);
});

test('columns of a Parquet file that hold no numbers, as well', async () => {
  const file = path.resolve('test/fixtures/data/table-zstd.parquet');
  const { refused, features, warnings } = await previewData(file, folder, { reading: { missing: 'drop' } });
  assert.deepEqual(refused, [{ name: 'species', column: 4, rows: 60, example: 'UTF8' }]);
  assert.equal(features!.length, 4);
  assert.match(
    warnings[0]!,
    /refuses 1 column that holds other than finite numbers: "species" \(UTF8\)\. Make a class/,
  );
});

test('heavy tails, limits and whole numbers of few values are said with what can be done', async () => {
  const lines = Array.from({ length: 2000 }, (_, i) => [
    Math.exp(9 + 3 * normal[i]!).toFixed(2),
    ((i * 7919) % 2003) / 2003,
    Math.max(0, normal[2000 + i]!),
    4 + 2 * (i % 3),
    normal[(i * 3) % 4000]!,
  ]);
  const file = path.join(folder, 'incomes.csv');
  writeFileSync(file, `income,rate,rain,cyl,t\n${lines.map((cells) => cells.join()).join('\n')}\n`);
  const { warnings } = await previewData(file, folder);
  assert.equal(warnings.length, 3);
  assert.match(
    warnings[0]!,
    /^Column "cyl" takes few whole numbers \(3\), .*--condition.*--label-column.*--exclude/,
  );
  assert.match(
    warnings[1]!,
    /^Column "income" has a heavy tail \(median \d+.*, largest .*\).* train on its logarithm: --transform income=log \(data\.transforms\)\.$/,
  );
  assert.match(
    warnings[2]!,
    /"rate" from 0 to 1; "rain" from 0 \((49|5\d) % of the values are 0\)\. .*logit.*: --transform rate=logit:-0\.0\d+:1 \(data\.transforms\)\./,
  );
});

test('angles and hours that fill their circle are offered as circles, and other limits are not', async () => {
  const file = path.join(folder, 'turns.csv');
  const spread = (i: number): number => ((i * 7919) % 2003) / 2003;
  const lines = Array.from({ length: 2000 }, (_, i) =>
    [
      360 * spread(i),
      Math.PI * (2 * spread(3 * i) - 1),
      Math.floor(24 * spread(7 * i)),
      300 * spread(5 * i),
    ].join(),
  );
  writeFileSync(file, `bearing,phase,hour,share\n${lines.join('\n')}\n`);
  const { features } = await previewData(file, folder);
  const offers = features!.map(offeredMap);
  assert.deepEqual(offers.slice(0, 3), [
    'circular:0:360',
    'circular:-3.141593:3.141593',
    'dequantize:circular:0:23',
  ]);
  assert.match(offers[3]!, /^logit:/);
});

test('whole numbers that rows share are said with the noise to train with, and no more once they have it', async () => {
  const file = path.join(folder, 'people.csv');
  // 61 ages around 40, counts from 0, amounts that hardly any two rows share.
  const lines = Array.from({ length: 2000 }, (_, i) => {
    const age = Math.round(40 + 12 * normal[i]!);
    const visits = Math.floor(Math.exp(1.5 + normal[2000 + i]!));
    return [age, visits, Math.round(50_000 + 9000 * normal[(i * 3) % 4000]!), i % 3].join();
  });
  writeFileSync(file, `age,visits,amount,plan\n${lines.join('\n')}\n`);
  const { warnings, features } = await previewData(file, folder);
  assert.deepEqual(
    features!.map(({ wholeNumbers = 0 }) => wholeNumbers > 0),
    [true, true, false, true],
  );
  assert.match(
    warnings.join('\n'),
    /"plan" takes few whole numbers .* samples are free of: --transform plan=dequantize:log /,
  );
  assert.match(
    warnings.join('\n'),
    /"age", "visits" hold whole numbers that rows share \(\d+, \d+ different\).*--transform age=dequantize,visits=dequantize:log /,
  );
  const transforms = { age: 'dequantize', visits: 'dequantize:log', plan: 'dequantize' };
  const after = await previewData(file, folder, { reading: { transforms } });
  assert.doesNotMatch(after.warnings.join('\n'), /whole numbers/);
});

test('a few values far from all others are said in a short table, too', async () => {
  const file = path.join(folder, 'error.csv');
  const lines = Array.from({ length: 300 }, (_, i) => `${i === 7 ? 9999 : normal[i]},${normal[300 + i]}`);
  writeFileSync(file, `a,b\n${lines.join('\n')}\n`);
  const { warnings } = await previewData(file, folder, { reading: { columns: ['b', 'a'] } });
  assert.match(
    warnings.at(-1)!,
    /^Column "a" has values far from all others \("a" 9999, half of the values from -0\.\d+ to 0\.\d+\)/,
  );
});
