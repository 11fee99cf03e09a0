/** Links of an autoregressive layer: those that are hardly used, and those that its order does not allow. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linksOf } from '../../../src/protocol/order';

const view = (data: number[]) => ({
  features: Int32Array.from([2, 0, 1]),
  measured: { shape: [3, 3], data: Float32Array.from(data) },
});

test('a link below 2 % of what the output says of itself is hardly used', () => {
  const links = linksOf(view([1, 0, 0, 0.019, 1, 0, 0.021, 0.5, 1]));
  assert.deepEqual(links, { allowed: 3, hardly: [3], forbidden: [] });
  // The share is of the row's own derivative.
  assert.deepEqual(linksOf(view([1, 0, 0, 0.019, 0.1, 0, 0.021, 0.5, 2])).hardly, [6]);
});

test('what stands above the diagonal breaks the order, but for rounding', () => {
  assert.deepEqual(linksOf(view([1, 1e-7, 0, 1, 1, 1e-3, 1, 1, 1])).forbidden, [5]);
});
