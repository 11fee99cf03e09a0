/** Singular values against matrices whose values are known. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logAbsDeterminant } from '../../../../src/base/determinant';
import { singularValues } from '../../../../src/engine/inspect/layer/singular-values';
import { CancelledError } from '../../../../src/protocol/wire';

const signal = new AbortController().signal;

test('of a rotated and stretched plane they are the stretches', async () => {
  const [c, s] = [Math.cos(0.7), Math.sin(0.7)];
  // Stretched by 3 and −0.5, then turned.
  const found = await singularValues([3 * c, 0.5 * s, 3 * s, -0.5 * c], 2, signal);
  assert.ok(Math.abs(found[0]! - 3) < 1e-12 && Math.abs(found[1]! - 0.5) < 1e-12, found.join());
});

test('of the Hilbert matrix of six they are small to the last digit', async () => {
  const hilbert = Array.from({ length: 36 }, (_, i) => 1 / (Math.floor(i / 6) + (i % 6) + 1));
  const found = await singularValues(hilbert, 6, signal);
  // Both are tabulated: its condition number is 1.495e7.
  assert.ok(Math.abs(found[0]! - 1.618899858924339) < 1e-12);
  assert.ok(Math.abs(found[5]! / 1.08279948456555e-7 - 1) < 1e-8, String(found[5]));
});

test('their logarithms sum to the log-determinant, and a singular matrix has a zero', async () => {
  const n = 40;
  const values = Array.from({ length: n * n }, (_, i) => Math.sin(i * i));
  const found = await singularValues(values, n, signal);
  const sum = found.reduce((total, value) => total + Math.log(value), 0);
  assert.ok(Math.abs(sum - logAbsDeterminant(values, n)) < 1e-9);
  assert.ok(found.every((value, i) => i === 0 || value <= found[i - 1]!));
  assert.deepEqual([...(await singularValues([1, 0, 0, 0], 2, signal))], [1, 0]);
});

test('what is not finite has none, and the work can be canceled', async () => {
  assert.ok((await singularValues([1, NaN, 0, 1], 2, signal)).every(Number.isNaN));
  await assert.rejects(singularValues([1, 2, 3, 4], 2, AbortSignal.abort()), CancelledError);
});
