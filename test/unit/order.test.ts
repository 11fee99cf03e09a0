import assert from 'node:assert/strict';
import { test } from 'node:test';
import { invertOrder, isOrder } from '../../src/base/order';

test('an order is undone by its inverse, and what names a feature twice has none', () => {
  assert.deepEqual(invertOrder([2, 0, 1]), [1, 2, 0]);
  assert.ok(isOrder(invertOrder([2, 0, 1])));
  assert.ok(!isOrder([0, 0, 2]));
  // Not [1, 0, 2], which is an order.
  assert.deepEqual(invertOrder([1, 1, 2]), [-1, 1, 2]);
  assert.ok(!isOrder(invertOrder([1, 1, 2])));
});
