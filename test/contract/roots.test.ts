/** Transforms whose inverse is a root that is sought: far from where networks start, and in the tails. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { gaussianization, logTail, quantileOfLogTail } from '../../src/flow/transforms/gaussianization';
import { gaussLegendre, sumOfSquares } from '../../src/flow/transforms/sum-of-squares';
import type { UnivariateTransform } from '../../src/flow/transforms/types';
import { contextOf, onCpu } from './eager';

before(onCpu);

const mapOf = (transform: UnivariateTransform, given: readonly Tensor[]) =>
  transform.map(contextOf({}, false), given);

/** By PyTorch's special.log_ndtr in float64. */
const tails = [
  [0, -0.693147181],
  [1e-3, -0.693945383],
  [0.5, -1.17591176],
  [1, -1.84102165],
  [2, -3.78318433],
  [4, -10.3601015],
  [8, -35.0134372],
  [20, -203.917155],
  [40, -804.608442],
  [300, -45006.6227],
] as const;

describe('tails of N(0, 1)', () => {
  for (const [z, log] of tails) {
    it(`beyond ${z}`, () => {
      const [tail] = logTail(tf.tensor1d([z])).dataSync();
      assert.ok(Math.abs(tail! - log) < 5e-7 * Math.max(1, -log), `${tail}`);
      const [quantile] = quantileOfLogTail(tf.tensor1d([log])).dataSync();
      assert.ok(Math.abs(quantile! - z) < 6e-7 * Math.max(1, z), `${quantile}`);
    });
  }
});

describe('Gaussianization', () => {
  it('of one normal is a line, however far from it', () => {
    const transform = gaussianization({ components: 1, spread: 1, shrinkage: 0 });
    const map = mapOf(transform, [tf.tensor1d([1, 1, 1, 1]), tf.fill([4], Math.log(2))]);
    const { value, logDerivative } = map.forward(tf.tensor1d([-300, -0.5, 3, 500]));
    const y = [-599, 0, 7, 1001];
    value.dataSync().forEach((v, i) => assert.ok(Math.abs(v - y[i]!) < 1e-6 * Math.max(1, Math.abs(y[i]!))));
    logDerivative!.dataSync().forEach((v, i) => assert.ok(Math.abs(v - Math.LN2) < (i === 3 ? 0.1 : 0.02)));
  });

  it('comes back where components are far apart', () => {
    const transform = gaussianization({ components: 3, spread: 0, shrinkage: 0 });
    const x = [-30, -6.2, -1, 0, 0.3, 2, 5.5, 40];
    const map = mapOf(transform, [
      tf.tile(tf.tensor2d([[12, 0, -9]]), [x.length, 1]),
      tf.tile(tf.tensor2d([[0.7, -0.2, 0.4]]), [x.length, 1]),
    ]);
    const forward = map.forward(tf.tensor1d(x));
    const back = map.inverse(forward.value);
    const slopes = forward.logDerivative!.dataSync();
    back.value.dataSync().forEach((v, i) => {
      // As far as a value of float32 says where it came from.
      const least = (Math.abs(forward.value.dataSync()[i]!) + 1) * 1e-6 * Math.exp(-slopes[i]!);
      assert.ok(Math.abs(v - x[i]!) < 1e-5 * (1 + Math.abs(x[i]!)) + least, `${x[i]} came back as ${v}`);
    });
  });

  it('stays finite where shrinkage leaves no value', () => {
    const transform = gaussianization({ components: 2, spread: 1, shrinkage: 1e-6 });
    const map = mapOf(transform, [tf.zeros([3, 2]), tf.zeros([3, 2])]);
    const { value, logDerivative } = map.inverse(tf.tensor1d([-9, 0, 9]));
    for (const v of [...value.dataSync(), ...logDerivative!.dataSync()]) assert.ok(Number.isFinite(v));
    const [most] = map.forward(tf.tensor1d([50, 0, 0])).value.dataSync();
    assert.ok(Math.abs(most! - 4.891638) < 1e-5, `${most}`);
  });
});

describe('sums of squares', () => {
  it('are integrated exactly', () => {
    for (const count of [1, 2, 5, 33]) {
      const power = 2 * count - 1;
      const sum = gaussLegendre(count).reduce((all, { point, weight }) => all + weight * point ** power, 0);
      assert.ok(Math.abs(sum - 1 / (power + 1)) < 1e-14);
    }
  });

  it('come back from flat places and from far outside of the bound', () => {
    const options = { degree: 4, polynomials: 1, bound: 10, slope: 1e-3, spread: 0 };
    const x = [-4000, -60, -9.5, -5.001, -1e-4, 0, 0.02, 4.99, 5, 5.2, 11, 300];
    // 1 − (u / 0.5)² is 0 at ±5, where only the least slope is left.
    for (const coefficients of [
      [0, 0, -4, 0, 0],
      [2, -30, 5, 40, -8],
      [0, 0, 0, 0, 0],
    ]) {
      const given = tf.tile(tf.tensor2d([coefficients]), [x.length, 1]);
      const map = mapOf(sumOfSquares(options), [given, tf.fill([x.length], 0.3)]);
      const { value, logDerivative } = map.forward(tf.tensor1d(x));
      const slopes = logDerivative!.dataSync();
      map
        .inverse(value)
        .value.dataSync()
        .forEach((v, i) => {
          const least = (Math.abs(value.dataSync()[i]!) + 1) * 1e-6 * Math.exp(-slopes[i]!);
          assert.ok(Math.abs(v - x[i]!) < 1e-5 * (1 + Math.abs(x[i]!)) + least, `${x[i]} came back as ${v}`);
        });
    }
  });
});
