import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stream } from '../../../src/data/random';
import { densityCurve } from '../../../webview/features/conditions/ridges';

const area = (curve: Float64Array, low: number, high: number): number =>
  (curve.reduce((sum, value) => sum + value, 0) * (high - low)) / (curve.length - 1);

test('a density from samples is near to theirs and has area 1', () => {
  const samples = stream(3, 'kde')
    .normal(2000)
    .map((z) => 5 + 2 * z);
  const curve = densityCurve(samples, -5, 15, 200);
  assert.ok(Math.abs(area(curve, -5, 15) - 1) < 1e-3);
  curve.forEach((value, i) => {
    const z = (-5 + i / 10 - 5) / 2;
    const expected = Math.exp(-0.5 * z * z) / (2 * Math.sqrt(2 * Math.PI));
    assert.ok(Math.abs(value - expected) < 0.02, `${i}: ${value}, ${expected}`);
  });
});

test('two peaks stay two, samples at one place have one, and none have none', () => {
  const two = densityCurve(
    Float32Array.from({ length: 400 }, (_, i) => (i % 2 ? 3 : -3) + (i % 7) / 20),
    -5,
    5,
    100,
  );
  assert.ok(two[50]! < 0.05 * two[21]!);
  const one = densityCurve(new Float32Array(50).fill(1), -5, 5, 100);
  assert.ok(Math.abs(area(one, -5, 5) - 1) < 1e-2 && one[60]! === Math.max(...one));
  assert.deepEqual([...densityCurve(Float32Array.of(NaN), 0, 1, 2)], [0, 0, 0]);
});
