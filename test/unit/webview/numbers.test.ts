/** Numbers that stand in a column. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addingUp, alike, between, signed } from '../../../webview/base/format/numbers';

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

test('the ends of a range have digits enough to differ', () => {
  const shown = (low: number, high: number): string[] => [low, high].map(between(low, high));
  assert.deepEqual(shown(100_001, 100_700), ['100,001', '100,700']);
  assert.deepEqual(shown(1e13, 1e13 + 174.75), ['10,000,000,000,000', '10,000,000,000,175']);
  assert.deepEqual(shown(-5.0004, -5.0001), ['−5.0004', '−5.0001']);
  assert.deepEqual(shown(1.0001e-5, 1.0002e-5), ['1.0001000·10⁻⁵', '1.0002000·10⁻⁵']);
  assert.deepEqual(shown(25.7, 234), ['25.70', '234.0']);
  assert.deepEqual(shown(7, 7), ['7.00', '7.00']);
});

test('parts that are rounded add up to their rounded sum', () => {
  const shown = (...values: number[]): string[] => addingUp(values, 2).map((value) => signed(value, 2));
  // Each alone rounds down, and the sum 3.01 is 0.01 above theirs.
  assert.deepEqual(shown(1.004, 1.003, 1.002), ['+1.01', '+1.00', '+1.00']);
  assert.deepEqual(shown(-4.126, 2.117, 1.006), ['−4.13', '+2.12', '+1.01']);
  assert.deepEqual(shown(1.006, 2.007, 1.008), ['+1.00', '+2.01', '+1.01']);
  assert.deepEqual(shown(0, NaN, Infinity), ['0.00', 'NaN', '∞']);
});
