/** Compared with SciPy 1.17 on numbers that both can make: (i · step + offset) mod 1, shaped. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stream } from '../../../../src/data/random';
import {
  differenceBand,
  energyDistance,
  largestDifference,
  ranksOf,
  slicedDistance,
} from '../../../../src/engine/use/two-samples';

const golden = (n: number, step: number, shape: (u: number) => number): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => shape((i * step + 0.1) % 1)).sort();

describe('the distance of two distribution functions', () => {
  // scipy.stats.ks_2samp(a, b).statistic of a = sort(((np.arange(n) * step + .1) % 1) ** power), and b likewise.
  const a = golden(720, 0.618033988749895, (u) => u);
  const b = golden(2000, 0.414213562373095, (u) => u ** 1.5);
  it('is that of scipy.stats.ks_2samp', () => {
    assert.ok(Math.abs(largestDifference(a, b) - 0.14972222222222223) < 1e-9);
  });

  it('counts equal values together, as scipy.stats.ks_2samp does', () => {
    const wholes = (values: Float64Array): Float64Array => values.map((value) => Math.floor(5 * value));
    assert.ok(Math.abs(largestDifference(wholes(a), wholes(b)) - 0.143) < 1e-9);
    assert.equal(largestDifference([1, 1, 2], [1, 1, 2]), 0);
    assert.equal(largestDifference([1, 2], [3, 4]), 1);
  });

  // numpy.quantile(…, .99) of this statistic over 20,000 pairs of sets of normal values, default_rng(1).
  for (const [n, m, expected] of [
    [20, 2000, 0.3565],
    [128, 128, 0.2031],
    [720, 2000, 0.0711],
  ] as const)
    it(`has a band that 99% of equal sets of ${n} and ${m} are below`, () => {
      const band = differenceBand(n, m, 0.99);
      assert.ok(Math.abs(band - expected) < 0.03 * expected + 0.002, `${band}, expected ${expected}`);
    });
});

describe('the energy distance', () => {
  const set = (n: number, seed: number, shift: number, correlation: number): number[] => {
    const z = stream(seed, 'test').normal(2 * n);
    return Array.from({ length: n }, (_, i) => [
      z[2 * i]! + shift,
      correlation * z[2 * i]! + Math.sqrt(1 - correlation ** 2) * z[2 * i + 1]!,
    ]).flat();
  };
  const of = (a: number[], b: number[]) =>
    energyDistance(ranksOf(Float32Array.from([...a, ...b]), 2), 2, a.length / 2, {
      draw: stream(1, 'relabel'),
      level: 0.99,
      signal: new AbortController().signal,
    });

  it('is what its definition says, over all pairs', async () => {
    const rows = Float32Array.from([0, 1, 4, 6]);
    const { distance } = await energyDistance(rows, 1, 2, {
      draw: stream(1, 'relabel'),
      level: 0.99,
      signal: new AbortController().signal,
    });
    // 2 · mean(4, 6, 3, 5) − mean(0, 1, 1, 0) − mean(0, 2, 2, 0).
    assert.ok(Math.abs(distance - (9 - 0.5 - 1) / 9) < 1e-12);
  });

  it('is within its band for equal sets, and outside for a shift or another dependence', async () => {
    const equal = await of(set(300, 1, 0, 0.8), set(300, 2, 0, 0.8));
    assert.ok(equal.distance < equal.band, JSON.stringify(equal));
    const shifted = await of(set(300, 1, 0.5, 0.8), set(300, 2, 0, 0.8));
    assert.ok(shifted.distance > 0.01 + shifted.band, JSON.stringify(shifted));
    const independent = await of(set(300, 1, 0, 0.9), set(300, 2, 0, 0));
    assert.ok(independent.distance > 0.01 + independent.band, JSON.stringify(independent));
  });

  it('ends when nobody waits for it', async () => {
    const aborted = AbortSignal.abort();
    await assert.rejects(
      energyDistance(new Float32Array(40), 1, 20, { draw: stream(1, 'x'), level: 0.99, signal: aborted }),
      { name: 'CancelledError' },
    );
  });
});

describe('the sliced Wasserstein distance', () => {
  const options = { draw: stream(1, 'slices'), level: 0.99 };

  it('is in one dimension the mean distance of ordered values', async () => {
    const { distance } = await slicedDistance(Float32Array.from([1, 0, 4, 6]), 1, options);
    assert.ok(Math.abs(distance - (4 + 5) / 2) < 1e-6, `${distance}`);
  });

  it('finds a shift by its length, and is within its band for equal sets', async () => {
    const rows = stream(4, 'rows').normal(1200);
    const equal = await slicedDistance(rows, 3, options);
    assert.ok(equal.distance < equal.band && equal.pValue > 0.01, JSON.stringify(equal));
    for (let i = 0; i < 600; i++) rows[i]! += 2;
    const shifted = await slicedDistance(rows, 3, { ...options, inPairs: true });
    // A shift of (2, 2, 2) is half its length along a random direction, on average.
    assert.ok(Math.abs(shifted.distance - Math.sqrt(3)) < 0.4, `${shifted.distance}`);
    assert.ok(shifted.distance > shifted.band && shifted.pValue === 0.005);
  });
});

it('ranks share their mean where values are equal', () => {
  assert.deepEqual([...ranksOf(Float32Array.from([3, 1, 3, 2]), 1)], [0.75, 0.125, 0.75, 0.375]);
});
