import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { previewData } from '../../../src/data/preview';
import { temporaryFolder } from '../support/temporary';

const folder = temporaryFolder();

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
    (_, i) => `${Math.sin(i)},${Math.cos(3 * i)},${i % 3 ? 'cash' : 'card'}`,
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
  assert.ok(range[0] < -0.9 && range[1] <= 1, String(range));
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
  const lines = Array.from({ length: 700 }, (_, i) => `${1e13 + i / 4},${1e7 + (i % 7)},7,${Math.sin(i)}`);
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
