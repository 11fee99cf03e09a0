/** What every base distribution promises: densities, draws and scores that go together. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import * as v from 'valibot';
import { baseSchema, type BaseConfig } from '../../src/config/bases';
import { baseOf } from '../../src/flow/bases/bases';
import type { Base } from '../../src/flow/bases/types';
import type { FlowContext } from '../../src/flow/core/bijection';
import { contextOf, inputOf, maxAbsDifference, movedValues, onCpu, perExample, toTensors } from './eager';
import { flowOf } from './flow-of';
import { logAbsDeterminant } from './linear-algebra';

const dim = 2;
const configs: BaseConfig[] = (
  [
    { kind: 'normal' },
    { kind: 'diagonalNormal', loc: [1, -0.5], scale: 0.7 },
    { kind: 'diagonalNormal', loc: 0.3, scale: [0.5, 2], trained: true },
    { kind: 'conditionalNormal', hidden: [4] },
    { kind: 'studentT', freedom: 30, loc: [1, 0], scale: 0.5 },
    { kind: 'studentT', scale: [0.5, 0.8], trained: true },
    { kind: 'mixture', components: 3 },
    { kind: 'mixture', components: 3, covariance: 'full' },
    { kind: 'uniform', lower: [-1, 0.5], upper: 2 },
    { kind: 'beta', lower: -5, upper: [5, 3] },
    { kind: 'beta', concentration: 2, lower: -4, upper: 4 },
  ] as const
).map((config) => v.parse(baseSchema, config));

interface Made {
  base: Base;
  tensors: Record<string, Tensor>;
}

function made(config: BaseConfig): Made {
  const base = baseOf(config, dim, 2);
  const flow = flowOf({ kind: 'vector', dim, couplings: 1, context: 2, base: config });
  return { base, tensors: toTensors(movedValues(flow, 3)) };
}

/** With the same context for each of so many rows. */
function given(tensors: Record<string, Tensor>, rows: number): FlowContext {
  return { ...contextOf(tensors, false), context: tf.tile(tf.tensor2d([[0.3, -0.5]]), [rows, 1]) };
}

before(onCpu);

it('every kind of base is tested', () => {
  const kinds = baseSchema.options.map(({ entries }) => entries.kind.literal);
  assert.deepEqual([...new Set(configs.map(({ kind }) => kind))].sort(), [...kinds].sort());
});

for (const config of configs) {
  describe(`base ${JSON.stringify(config)}`, () => {
    it('has a density that adds up to 1', () => {
      const { base, tensors } = made(config);
      const n = 400;
      const reach = 12;
      const at = (i: number): number => -reach + (2 * reach * (i + 0.5)) / n;
      const grid = Float32Array.from({ length: n * n * 2 }, (_, k) =>
        at(k % 2 === 0 ? Math.floor(k / 2 / n) : (k >> 1) % n),
      );
      const density = base
        .logProb(given(tensors, n * n), tf.tensor(grid, [n * n, dim]))
        .dataSync<'float32'>();
      const total = density.reduce((sum, value) => sum + Math.exp(value), 0) * ((2 * reach) / n) ** 2;
      // A box has edges in the middle of cells.
      assert.ok(Math.abs(total - 1) < (config.kind === 'uniform' ? 0.05 : 1e-4), `${total}`);
    });

    if (config.kind === 'mixture') return;

    it('draws what its density says: ln p(z) + ln|det ∂z/∂noise| is ln N(noise; 0, 1)', () => {
      const { base, tensors } = made(config);
      const ctx = given(tensors, 1);
      const one = tf.scalar(1);
      for (const seed of [1, 2, 3]) {
        const noise = inputOf(base.noiseShape, 1, seed);
        const z = base.draw(ctx, noise, one);
        const rows = Array.from({ length: dim }, (_, j) => [
          ...tf
            .grad((given: Tensor) => tf.sum(tf.gather(tf.reshape(base.draw(ctx, given, one), [-1]), [j])))(
              noise,
            )
            .dataSync(),
        ]);
        const [found] = perExample(base.logProb(ctx, z), 1);
        const squares = noise.dataSync<'float32'>().reduce((sum, value) => sum + value * value, 0);
        const expected = -0.5 * squares - Math.log(2 * Math.PI) - logAbsDeterminant(rows);
        assert.ok(Math.abs(found! - expected) < 1e-5, `${found} is not ${expected}`);
      }
    });

    it('gives the noise back as scores', () => {
      const { base, tensors } = made(config);
      const ctx = given(tensors, 200);
      const noise = tf.mul(inputOf(base.noiseShape, 200, 5), 1.3);
      const scores = base.scores(ctx, base.draw(ctx, noise, tf.scalar(1)));
      assert.ok(maxAbsDifference(scores.dataSync(), noise.dataSync()) < 2e-3);
    });

    it('is the sum of its elements', () => {
      const { base, tensors } = made(config);
      const ctx = given(tensors, 9);
      const z = base.draw(ctx, inputOf(base.noiseShape, 9, 6), tf.scalar(1));
      const sums = tf.sum(base.logProbByElement!(ctx, z), 1);
      assert.ok(maxAbsDifference(sums.dataSync(), base.logProb(ctx, z).dataSync()) < 1e-5);
    });
  });
}

describe('temperatures', () => {
  it('scale deviations around the mean', () => {
    const { base, tensors } = made(configs[1]!);
    const ctx = contextOf(tensors, false);
    const noise = inputOf([dim], 4, 7);
    const [cold, half, full] = [0, 0.5, 1].map((t) => base.draw(ctx, noise, tf.scalar(t)).dataSync());
    cold!.forEach((mean, i) => {
      assert.ok(Math.abs(mean - [1, -0.5][i % 2]!) < 1e-6);
      assert.ok(Math.abs(half![i]! - (mean + full![i]!) / 2) < 1e-6);
    });
  });
});

const mixtures = configs.filter((config) => config.kind === 'mixture');
for (const config of mixtures)
  describe(`a mixture, ${config.covariance}`, () => {
    const count = 20_000;
    const drawn = () => {
      const { base, tensors } = made(config);
      const far = tf.tensor2d([[-3, 2], [4, 0], [0, -5]]); // prettier-ignore
      const ctx = contextOf({ ...tensors, 'base.loc': far }, false);
      return { base, ctx, far, tensors, z: base.draw(ctx, inputOf(base.noiseShape, count, 8), tf.scalar(1)) };
    };

    it('draws from its normals as often as their weights say', () => {
      const { far, tensors, z } = drawn();
      const weights = tf.softmax(tensors['base.logits']! as tf.Tensor1D);
      const expected = tf.matMul(tf.reshape(weights, [1, 3]), far).dataSync();
      const found = tf.mean(z, 0).dataSync();
      // Five standard errors of the mean of values within 9 of each other.
      assert.ok(maxAbsDifference(found, expected) < (5 * 4.5) / Math.sqrt(count), found.join());
    });

    it('has the average log-density of its own draws that their density has: no draws lie where it is small', () => {
      const { base, ctx, z } = drawn();
      // ∫ p² = E[p], by draws and on a grid.
      const byDraws = tf.mean(tf.exp(base.logProb(ctx, z))).dataSync()[0]!;
      const n = 300;
      const at = (i: number): number => -12 + (24 * (i + 0.5)) / n;
      const grid = Float32Array.from({ length: n * n * 2 }, (_, k) =>
        at(k % 2 === 0 ? Math.floor(k / 2 / n) : (k >> 1) % n),
      );
      const density = tf.exp(base.logProb(ctx, tf.tensor(grid, [n * n, dim])));
      const onGrid = tf.sum(tf.square(density)).dataSync()[0]! * (24 / n) ** 2;
      assert.ok(Math.abs(byDraws / onGrid - 1) < 0.03, `${byDraws}, ${onGrid}`);
    });

    it('gives standard normal scores of its draws, in each latent', () => {
      const { base, ctx, z } = drawn();
      const scores = base.scores(ctx, z);
      const { mean, variance } = tf.moments(scores, 0);
      assert.ok(maxAbsDifference(mean.dataSync(), [0, 0]) < 0.04);
      assert.ok(maxAbsDifference(variance.dataSync(), [1, 1]) < 0.06);
    });

    it('draws the middles of its normals at temperature 0', () => {
      const { base, ctx, far } = drawn();
      const z = base.draw(ctx, inputOf(base.noiseShape, 50, 8), tf.scalar(0)).arraySync() as number[][];
      const middles = far.arraySync();
      assert.ok(z.every((point) => middles.some((middle) => maxAbsDifference(point, middle) < 1e-6)));
    });
  });

describe('a beta base', () => {
  const { base } = made(configs.find(({ kind }) => kind === 'beta')!);
  const ctx = contextOf({}, false);

  it('has the density of Beta(13, 13)', () => {
    // By hand: ln of 25!/(12!)² (u(1 − u))¹² / 10 at u = 0.5 and u = 0.9, in both features, the second of 8.
    const logOf = (u: number, size: number): number => {
      let log = 12 * Math.log(u * (1 - u)) - Math.log(size);
      for (let n = 2; n <= 25; n++) log += Math.log(n) * (n <= 12 ? -1 : 1);
      return log;
    };
    const found = base.logProbByElement!(ctx, tf.tensor([0, 2.2, 4, -1], [2, 2])).dataSync();
    const expected = [logOf(0.5, 10), logOf(0.9, 8), logOf(0.9, 10), logOf(0.5, 8)];
    assert.ok(maxAbsDifference(found, expected) < 1e-4, found.join());
  });

  it('has no density outside of its box, and neither draws nor scores without bounds', () => {
    const outside = base.logProb(ctx, tf.tensor([-5.01, 1, 0, 3.01], [2, 2]));
    assert.deepEqual([...outside.dataSync()], [-Infinity, -Infinity]);
    const far = base.draw(ctx, tf.tensor([-40, 40], [1, 2]), tf.scalar(1)).dataSync();
    assert.ok(far[0]! > -5 && far[0]! < -4 && far[1]! < 3 && far[1]! > 2, far.join());
    const scores = base.scores(ctx, tf.tensor([-5, 3], [1, 2])).dataSync();
    assert.ok(maxAbsDifference(scores, [-7, 7]) < 1e-3, scores.join());
  });

  it('draws quantiles, and its middle at temperature 0', () => {
    const noise = tf.tensor([0, -1, 1, -3, 3, 0], [3, 2]);
    const z = base.draw(ctx, noise, tf.scalar(1)).dataSync();
    // Below 0.5980396 of Beta(13, 13) is the share Φ(1), below 0.7725763 Φ(3): by its distribution function in fractions.
    const expected = [0, -5 + 8 * 0.4019604, 10 * 0.0980396, -5 + 8 * 0.2274237, 10 * 0.2725763, -1];
    assert.ok(maxAbsDifference(z, expected) < 5e-6, z.join());
    const middle = base.draw(ctx, noise, tf.scalar(0)).dataSync();
    assert.deepEqual([...middle], [0, -1, 0, -1, 0, -1]);
  });
});

describe('a base of Student’s t', () => {
  const of = (freedom: number) => baseOf(v.parse(baseSchema, { kind: 'studentT', freedom }), 1, 0);
  const ctx = contextOf({}, false);

  it('has the density of Cauchy’s distribution with one degree of freedom, also far away', () => {
    const z = [0, 1, -20, 1e15];
    const found = of(1).logProbByElement!(ctx, tf.tensor2d(z, [4, 1])).dataSync();
    const expected = z.map((value) => -Math.log(Math.PI) - Math.log1p(value * value));
    assert.ok(maxAbsDifference(found, expected) < 1e-5, found.join());
    assert.ok(
      Number.isFinite(
        of(1)
          .logProb(ctx, tf.tensor2d([[1e30]]))
          .dataSync()[0],
      ),
    );
  });

  it('draws the quantiles that tables have, and gives them back', () => {
    // One-sided 97.5 % and 99.5 % points; those of the normal distribution are 1.959964 and 2.575829.
    for (const [freedom, ...points] of [
      [1, 12.7062, 63.6567],
      [2, 4.302653, 9.924843],
      [5, 2.570582, 4.032143],
      [30, 2.042272, 2.749996],
    ] as const) {
      const noise = tf.tensor2d([[1.959964], [-2.575829], [0]]);
      const z = of(freedom).draw(ctx, noise, tf.scalar(1));
      const [a, b, middle] = z.dataSync();
      assert.ok(Math.abs(a! / points[0] - 1) < 1e-5 && Math.abs(-b! / points[1] - 1) < 1e-5, `${a}, ${b}`);
      assert.equal(middle, 0);
      assert.ok(maxAbsDifference(of(freedom).scores(ctx, z).dataSync(), noise.dataSync()) < 1e-3);
    }
  });
});

describe('a uniform base', () => {
  it('has no density outside of its box, and no draws there', () => {
    const { base, tensors } = made(configs.find(({ kind }) => kind === 'uniform')!);
    const ctx = contextOf(tensors, false);
    const outside = base.logProb(ctx, tf.tensor([-1.01, 1, 0, 2.01, 0, 0.4], [3, 2]));
    assert.deepEqual([...outside.dataSync()], [-Infinity, -Infinity, -Infinity]);
    const drawn = base.draw(ctx, tf.tensor([-40, -40, 40, 40], [2, 2]), tf.scalar(1)).dataSync();
    assert.deepEqual([...drawn], [-1, 0.5, 2, 2]);
  });
});
