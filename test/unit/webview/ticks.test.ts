/** Ticks of charts, and what is tried after a training that failed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { saferTraining } from '../../../src/config/safer-training';
import { logarithmic, spaced } from '../../../webview/base/charts/scale';
import { logTicks } from '../../../webview/base/format/numbers';

test('labels of a short axis over many decades do not touch', () => {
  const axis = logarithmic(1, 1e14, 70, 14);
  const all = logTicks(1, 1e14);
  const kept = spaced(all, axis, 14);
  assert.ok(kept.length >= 3 && kept.length < all.length, kept.join(' '));
  kept.slice(1).forEach((value, i) => assert.ok(Math.abs(axis.at(value) - axis.at(kept[i]!)) >= 14));
});

test('after values that were not finite, steps go less far whatever they were', () => {
  assert.deepEqual(saferTraining({ learningRate: 0.3, clipNorm: 1e9 }), { learningRate: 1e-3, clipNorm: 1 });
  assert.deepEqual(saferTraining({ learningRate: 8e-4, clipNorm: 0.5 }), {
    learningRate: 8e-5,
    clipNorm: 0.5,
  });
});
