import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseColumns } from '../../../src/data/columns';

test('a line of commas is no table of features; a few of its columns can be', () => {
  const names = Array.from({ length: 100_000 }, (_, i) => `c${i}`);
  assert.throws(() => chooseColumns('wide.csv', names, true, {}), {
    name: 'UserError',
    message: /has 100000 columns to model; at most 16384/,
  });
  assert.deepEqual(chooseColumns('wide.csv', names, true, { columns: ['c7', 99_999] }).features, [7, 99_999]);
});
