/** Numbers that stand in a column. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alike } from '../../../webview/base/format/numbers';

test('numbers beside each other have as many decimals as the smallest needs', () => {
  const shown = (...values: number[]): string[] => values.map(alike(values));
  assert.deepEqual(shown(0.06, 1.26, -2.19), ['0.06', '1.26', '−2.19']);
  assert.deepEqual(shown(0.004, 52.21), ['0.004', '52.210']);
  assert.deepEqual(shown(0.5, 130), ['0.5', '130.0']);
  // Where they are far apart, or all small, each is written by itself.
  assert.deepEqual(shown(0.06, 5000), ['0.0600', '5000']);
  assert.deepEqual(shown(0.012, 0.034), ['0.0120', '0.0340']);
  assert.deepEqual(shown(0, NaN), ['0.00', 'NaN']);
});
