/** Numbers of tables and of SciPy, and what is known of uniform numbers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stream } from '../../../../src/data/random';
import {
  binomialBand,
  distancePValue,
  histogramOf,
  rankTest,
  uniformDistance,
} from '../../../../src/engine/use/rank-statistics';

const close = (a: number, b: number, within: number): void =>
  assert.ok(Math.abs(a - b) <= within, `${a} instead of ${b}`);

test('the distance from uniform', () => {
  close(uniformDistance([0.25, 0.75]), 0.25, 1e-12);
  close(uniformDistance([0.5]), 0.5, 1e-12);
  close(uniformDistance([0.9, 0.95]), 0.9, 1e-12);
});

test('p-values of distances: critical values of Kolmogorov and Smirnov', () => {
  // n, distance with this chance (Massey 1951, table 1).
  for (const [n, distance, p] of [
    [10, 0.41, 0.05],
    [20, 0.294, 0.05],
    [20, 0.356, 0.01],
    [35, 0.27, 0.01],
  ] as const) {
    close(distancePValue(distance, n), p, 0.1 * p);
  }
  // Of the limit, where both series meet: 1.36/√n and 1.63/√n, and 1 at no distance.
  close(distancePValue(1.358 / 1000, 1e6), 0.05, 1e-4);
  close(distancePValue(1.6276 / 1000, 1e6), 0.01, 1e-4);
  close(distancePValue(0.9999 / 1000, 1e6), distancePValue(1.0001 / 1000, 1e6), 3e-4);
  close(distancePValue(1 / 1000, 1e6), 0.27, 1e-3);
  assert.equal(distancePValue(0, 100), 1);
  assert.equal(distancePValue(1e-9, 100), 1);
  assert.ok(distancePValue(1, 1000) < 1e-200);
});

test('bands of a binomial count', () => {
  // P(X ≤ 1) = 11/1024, P(X ≤ 0) = 1/1024.
  assert.deepEqual(binomialBand(10, 0.5), [1, 9]);
  assert.deepEqual(binomialBand(10, 0), [0, 0]);
  assert.deepEqual(binomialBand(10, 1), [10, 10]);
  // Where the first terms are below the smallest number: mean ± 2.576 deviations.
  const [low, high] = binomialBand(1_000_000, 0.5);
  close(low, 500_000 - 1288, 2);
  close(high, 500_000 + 1288, 2);
});

test('a histogram counts every place once, in bins with enough of them', () => {
  const places = stream(1, 'test').uniform(500);
  const { counts, expected } = histogramOf(places);
  assert.equal(counts.length, 20);
  assert.equal(expected, 25);
  assert.equal(
    counts.reduce((sum, value) => sum + value, 0),
    500,
  );
  assert.equal(histogramOf(places.subarray(0, 35)).counts.length, 3);
  assert.deepEqual(histogramOf([0, 0.5, 1, 1]).counts, [1, 3]);
});

test('what is wrong is said in words', () => {
  const n = 400;
  const uniform = stream(2, 'test').uniform(n);
  const jitter = stream(3, 'test').uniform(n);
  const of = (map: (u: number) => number, reading: 'feature' | 'density' | 'distance') =>
    rankTest(
      Int32Array.from(uniform, (u) => Math.floor(101 * map(u))),
      100,
      jitter,
      { reading, threshold: 0.01 },
    );
  const even = of((u) => u, 'feature');
  assert.equal(even.off, undefined);
  close(even.mean, 0.5, 0.05);
  close(even.spread, 1, 0.05);
  const outward = (u: number): number => 0.5 + Math.sign(u - 0.5) * Math.abs(2 * (u - 0.5)) ** 0.4 * 0.499;
  const inward = (u: number): number => 0.5 + 0.6 * (u - 0.5);
  assert.equal(of(outward, 'feature').off, 'too narrow');
  assert.equal(of(outward, 'distance').off, 'too narrow');
  assert.equal(of(inward, 'feature').off, 'too wide');
  assert.equal(of((u) => Math.sqrt(u) * 0.999, 'feature').off, 'too low');
  assert.equal(of((u) => u * u, 'feature').off, 'too high');
  assert.equal(of((u) => u * u, 'distance').off, 'skewed');
  assert.equal(of((u) => u * u, 'density').off, 'too wide');
  assert.equal(of((u) => Math.sqrt(u) * 0.999, 'density').off, 'too narrow');
});
