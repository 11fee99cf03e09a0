/** Tables that are taken out of a view. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvText } from '../../../webview/base/view-data/csv';

test('names with separators are quoted, and a missing number is empty', () => {
  const columns = [
    { name: 'log p', unit: 'nats', values: [1.5, NaN, -Infinity] },
    { name: 'name', values: ['a,b', 'say "x"', 'two\rlines'] },
    { name: 'short', values: [7] },
  ];
  assert.equal(
    csvText(columns),
    'log p [nats],name,short\n1.5,"a,b",7\nnan,"say ""x""",\n-inf,"two\rlines",\n',
  );
});

test('a text that a spreadsheet would take for a formula is marked as text; signed numbers are not', () => {
  const values = ['=1+1', '+cmd|x', '-2+3', '@SUM(A1)', '\t=1', '\r=1', '-1.5', '+2', 'a=b'];
  const lines = csvText([{ name: '=name', values }]).split('\n');
  const cells = ["'=1+1", "'+cmd|x", "'-2+3", "'@SUM(A1)", "'\t=1", `"'\r=1"`, '-1.5', '+2', 'a=b'];
  assert.deepEqual(lines, ["'=name", ...cells, '']);
});
