/** ArviZ 0.23.4 (`psislw` of the same log weights) gave the numbers of the tail; of a normal proposal all is known. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stream } from '../../../../src/data/random';
import { logEvidence, weightsOf } from '../../../../src/base/log-weights';
import { effectiveCount } from '../../../../src/base/effective-count';
import { efficiencyOf, fitTail, orderOf, smoothed } from '../../../../src/engine/check/weights';

const byArviz = [
  { n: 1000, shape: 0.2, k: 0.2654016244320085, largest: 0.003845245876787479, ess: 931.8014929374679 },
  { n: 1000, shape: 0.6, k: 0.6186053956882753, largest: 0.04083767012894537, ess: 240.0347473560771 },
  { n: 5000, shape: 0.9, k: 0.91133641673491, largest: 0.12349572324091211, ess: 49.33118910119033 },
];

/** Log weights of draws of N(0, I) in the plane, for the target N(0, s² I); the efficiency is s²(2 − s²). */
function ofNormal(seed: number, n: number, variance: number): Float64Array {
  const x = stream(seed, 'weights-test').normal(2 * n);
  return Float64Array.from(
    { length: n },
    (_, i) => ((x[2 * i]! ** 2 + x[2 * i + 1]! ** 2) / 2) * (1 - 1 / variance) - Math.log(variance),
  );
}

describe('importance weights', () => {
  for (const { n, shape, k, largest, ess } of byArviz) {
    it(`fit and smooth the tail of ${n} weights of shape ${shape} as ArviZ does`, () => {
      const logWeights = Float64Array.from({ length: n }, (_, i) => {
        const u = (((i * 7919) % n) + 0.5) / n;
        return -shape * Math.log1p(-u) + 0.1 * Math.sin(i);
      });
      const order = orderOf(logWeights);
      const tail = fitTail(logWeights, order);
      assert.ok(Math.abs(tail!.k - k) < 1e-9);
      const weights = weightsOf(smoothed(logWeights, order, tail), 0);
      const total = weights.reduce((a, b) => a + b, 0);
      assert.ok(Math.abs(Math.max(...weights) / total / largest - 1) < 1e-9);
      assert.ok(Math.abs(effectiveCount(weights) / ess - 1) < 1e-9);
    });
  }

  it('hold the efficiency of a normal proposal in their interval, from pilots of 1,000 draws', () => {
    for (const variance of [1.2, 1.5]) {
      const truth = variance * (2 - variance);
      let held = 0;
      for (let seed = 0; seed < 60; seed++) {
        const logWeights = ofNormal(seed, 1000, variance);
        const order = orderOf(logWeights);
        const { low, high } = efficiencyOf(
          logWeights,
          order,
          fitTail(logWeights, order),
          stream(seed, 'interval'),
        );
        if (low <= truth && truth <= high) held++;
      }
      assert.ok(held >= 54, `${held} of 60 at variance ${variance}`);
    }
  });

  it('tell the evidence within its error, and leave out what has no mass', () => {
    const inside = ofNormal(3, 20_000, 1.2);
    const { value, error } = logEvidence(inside);
    assert.ok(Math.abs(value) < 3 * error && error < 0.01);
    const half = inside.map((one, i) => (i % 2 === 0 ? one : -Infinity));
    assert.ok(Math.abs(logEvidence(half).value + Math.LN2) < 0.03);
    assert.equal(orderOf(half)[0]! % 2, 1);
  });

  it('have no tail where all are the same', () => {
    const same = new Float64Array(2000).fill(-3);
    assert.equal(fitTail(same, orderOf(same)), undefined);
    assert.deepEqual(efficiencyOf(same, orderOf(same), undefined, stream(0)), { value: 1, low: 1, high: 1 });
  });
});
