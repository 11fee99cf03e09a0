/**
 * Rational-quadratic splines by themselves: 20,000 of them with random parameters, also extreme ones, at random places, at
 * knots, at the edges and outside. Derivatives are compared with automatic differentiation. In float32 a place of [−5, 5] is
 * known to 5e-7; where the map is steep the way back from its value is worse by the slope. Parameters of size 10 make bins of a
 * thousandth of the interval beside steep ones, where float32 has few digits left: one in a hundred may be off there.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { inverseOf } from '../../src/flow/transforms/transforms';
import { rationalQuadratic, splineOfOwnInterval } from '../../src/flow/transforms/rational-quadratic';
import type { UnivariateTransform } from '../../src/flow/transforms/types';
import type { ModelConfig } from '../../src/config/schema';
import { onSpline } from '../../src/engine/inspect/layer/transform-curve';
import { contextOf, maxAbsDifference, onCpu } from './eager';
import { inBin, inInverseBin } from './rational-quadratic';
import { oneIn, tried } from '../tried';

const count = 20_000;
const bins = 8;
const bound = 5;

before(onCpu);

for (const map of ['softmax-floor', 'soft-clip', 'softmax-halves', 'softmax-slope'] as const)
  for (const size of tried('contract/splines: sizes', [1, 10], oneIn(2))) {
    describe(`splines by ${map}, parameters of size ${size}`, () => {
      const transform = rationalQuadratic({
        ...{ bins, bound, center: 0, ends: 'linear', map },
        ...{ floor: 1e-3, slope: 1e-3 },
      });
      const given = (): Tensor[] =>
        transform.takes.map(({ size: values }, i) =>
          tf.mul(tf.randomNormal([count, 1, values], 0, 1, 'float32', i + 1), size),
        );
      const mapOf = (parameters: readonly Tensor[]) => transform.map(contextOf({}, false), parameters);
      const places = (): Tensor => tf.randomUniform([count, 1], -1.2 * bound, 1.2 * bound, 'float32', 9);

      it('are monotone maps of the interval, the identity outside, and come back', () => {
        const parameters = given();
        const map = mapOf(parameters);
        const x = places();
        const { value, logDerivative } = map.forward(x);
        const [xs, ys, ls] = [x, value, logDerivative!].map((t) => t.dataSync());
        const back = map.inverse(value);
        const [zs, backs] = [back.value, back.logDerivative!].map((t) => t.dataSync());
        let off = 0;
        for (let i = 0; i < count; i++) {
          assert.ok(Number.isFinite(ys![i]!) && Number.isFinite(ls![i]!));
          if (Math.abs(xs![i]!) > bound) assert.deepEqual([ys![i], ls![i], zs![i]], [xs![i], 0, xs![i]]);
          else assert.ok(Math.abs(ys![i]!) <= bound + 1e-5);
          // What half a step of float32 in y is in x.
          const resolution = 1e-5 * Math.max(1, Math.exp(-ls![i]!));
          const lost = Math.abs(zs![i]! - xs![i]!) > 10 * resolution;
          if (lost || (Math.abs(ls![i]!) < 3 && Math.abs(backs![i]! - ls![i]!) > 0.1)) off++;
        }
        assert.ok(off <= (size === 1 ? 0 : count / 100), `${off} of ${count} do not come back`);
        // The next place up is mapped further up.
        const above = mapOf(parameters).forward(tf.add(x, 1e-3)).value.dataSync();
        assert.ok(above.every((y, i) => y >= ys![i]! - 1e-6));
      });

      it('have the derivative that automatic differentiation finds, and finite gradients everywhere', () => {
        const parameters = given();
        const x = tf.concat([
          tf.slice(places(), [0, 0], [count - 4, 1]),
          // Both edges, and far outside.
          tf.tensor2d([[-bound], [bound], [1e20], [-1e20]]),
        ]);
        const slope = tf
          .grad((v: Tensor) => tf.sum(mapOf(parameters).forward(v).value))(x)
          .dataSync();
        const claimed = mapOf(parameters).forward(x).logDerivative!.dataSync();
        const off = slope.filter((d, i) => !(Math.abs(Math.log(d) - claimed[i]!) < 2e-2)).length;
        assert.ok(off <= (size === 1 ? 0 : count / 100), `${off} of ${count} slopes differ`);
        for (const way of ['forward', 'inverse'] as const) {
          const loss = (...all: Tensor[]): Tensor => {
            const { value, logDerivative } = mapOf(all.slice(1))[way](all[0]!);
            return tf.add(tf.sum(tf.clipByValue(value, -bound, bound)), tf.sum(logDerivative!));
          };
          for (const gradient of tf.grads(loss)([x, ...parameters]))
            assert.ok(gradient.dataSync().every(Number.isFinite), `a gradient of ${way} is not finite`);
        }
      });
    });
  }

describe('splines at their knots', () => {
  it('map where bins begin to where bins begin', () => {
    const transform = rationalQuadratic({
      bins: 4,
      bound: 2,
      center: 0,
      ends: 'linear',
      map: 'softmax-floor',
      floor: 1e-3,
      slope: 1e-3,
    });
    // Equal bins in x, twice as high ones in the middle of y.
    const heights = [0, Math.log(2), Math.log(2), 0];
    const parameters = [
      tf.zeros([5, 1, 4]),
      tf.tile(tf.tensor3d([[heights]]), [5, 1, 1]),
      tf.zeros([5, 1, 3]),
    ];
    const x = tf.tensor2d([[-2], [-1], [0], [1], [2]]);
    const shares = heights.map((u) => ((1 - 4e-3) * Math.exp(u)) / 6 + 1e-3);
    const expected = [-2, -2 + 4 * shares[0]!, 0, 2 - 4 * shares[3]!, 2];
    const { value } = transform.map(contextOf({}, false), parameters).forward(x);
    value.dataSync().forEach((y, i) => assert.ok(Math.abs(y - expected[i]!) < 1e-6, `${y}, ${expected[i]}`));
  });
});

type Ends = ModelConfig['splineEnds'];

describe('ends of splines', () => {
  const make = (ends: Ends, center = 0) =>
    rationalQuadratic({ bins: 5, bound: 2, center, ends, map: 'softmax-floor', floor: 1e-3, slope: 1e-3 });
  const given = (transform: UnivariateTransform, rows: number): Tensor[] =>
    transform.takes.map(({ size }, i) => {
      const one = tf.randomNormal([1, 1, size], 0, 1, 'float32', i + 3);
      return tf.tile(one, [rows, 1, 1]);
    });
  const slopeAt = (ends: Ends, places: number[]): ArrayLike<number> => {
    const transform = make(ends);
    const x = tf.tensor2d(places.map((value) => [value]));
    const { logDerivative } = transform.map(contextOf({}, false), given(transform, places.length)).forward(x);
    return logDerivative!.dataSync();
  };

  it('take as many slopes as are free', () => {
    const slopes = (ends: Ends): number => make(ends).takes.at(-1)!.size;
    assert.deepEqual((['linear', 'half-turn', 'circular', 'box'] as const).map(slopes), [4, 4, 5, 6]);
  });

  it('have slope 1 at linear tails, the same at both ends of a circle, and two of their own in a box', () => {
    const [low, high] = [-2 + 1e-5, 2 - 1e-5];
    for (const slope of Array.from(slopeAt('linear', [low, high]))) assert.ok(Math.abs(slope) < 1e-3);
    const [first, last] = Array.from(slopeAt('circular', [low, high]));
    assert.ok(Math.abs(first! - last!) < 1e-3 && Math.abs(first!) > 0.01, `${first}, ${last}`);
    const [left, right] = Array.from(slopeAt('box', [low, high]));
    assert.ok(Math.abs(left! - right!) > 0.01, `${left}, ${right}`);
    // Half a turn brings 0 to an end.
    for (const slope of Array.from(slopeAt('half-turn', [-1e-5, 1e-5]))) assert.ok(Math.abs(slope) < 1e-3);
  });

  it('go around a circle: whole turns change nothing, and what comes back lies on it', () => {
    for (const ends of ['circular', 'half-turn'] as const)
      for (const center of [0, 1]) {
        const transform = make(ends, center);
        const map = transform.map(contextOf({}, false), given(transform, 5));
        const x = tf.add(tf.tensor2d([[-1.7], [-0.3], [0.4], [0.9], [1.9]]), center);
        const once = map.forward(x).value;
        for (const turns of [-2, 1]) {
          const again = map.forward(tf.add(x, 4 * turns)).value;
          assert.ok(maxAbsDifference(once.dataSync(), again.dataSync()) < 1e-4);
        }
        assert.ok(maxAbsDifference(map.inverse(once).value.dataSync(), x.dataSync()) < 1e-5);
        assert.ok(once.dataSync().every((y) => Math.abs(y - center) <= 2));
      }
  });

  it('are where the view of splines puts an example', () => {
    const kinds = [
      ...(['linear', 'box', 'circular', 'half-turn'] as const).map((ends) => make(ends, 0.5)),
      ...(['linear', 'box', 'circular'] as const).map((ends) => inverseOf(make(ends, 0.5))),
    ];
    for (const transform of kinds) {
      const { ends, inverse } = transform.spline!;
      const inside = inverse ? inInverseBin : inBin;
      const places = [-1.3, 0.2, 0.6, 2.4];
      const x = tf.tensor2d(places.map((value) => [value]));
      const map = transform.map(contextOf({}, false), given(transform, places.length));
      const { value, logDerivative } = map.forward(x);
      const [ys, logs] = [value.dataSync(), logDerivative!.dataSync()];
      const [kx, ky, slopes] = (['x', 'y', 'slopes'] as const).map((part) => map.knots![part].dataSync());
      places.forEach((place, i) => {
        const at = onSpline(transform.spline!, place);
        const bin = [0, 1, 2, 3, 4].find((k) => at <= kx![k + 1]!)!;
        const pair = (values: ArrayLike<number>) => [values[bin]!, values[bin + 1]!] as const;
        const share = (at - kx![bin]!) / (kx![bin + 1]! - kx![bin]!);
        const { y, slope } = inside(pair(kx!), pair(ky!), pair(slopes!), share);
        assert.ok(Math.abs(y - ys[i]!) < 1e-5, `${ends}: ${y}, not ${ys[i]}`);
        assert.ok(Math.abs(Math.log(slope) - logs[i]!) < 1e-4, `${ends}: ${Math.log(slope)}, not ${logs[i]}`);
      });
    }
  });
});

describe('splines of intervals of their own', () => {
  const transform = splineOfOwnInterval(6, {
    ...{ domain: [-2, 3, -1, 4], leastWidth: 1, leastHeight: 1, leastBinWidth: 0.1, leastBinHeight: 0.1 },
  });
  const given = (size: number): Tensor[] =>
    transform.takes.map(({ size: values }, i) =>
      tf.mul(tf.randomNormal([count, 1, values], 0, 1, 'float32', i + 1), size),
    );
  const places = (): Tensor => tf.randomUniform([count, 1], -12, 12, 'float32', 9);

  for (const size of [1, 10]) {
    it(`are monotone everywhere and come back, parameters of size ${size}`, () => {
      const map = transform.map(contextOf({}, false), given(size));
      const x = places();
      const { value, logDerivative } = map.forward(x);
      const above = map.forward(tf.add(x, 1e-2)).value.dataSync();
      const back = map.inverse(value);
      const [xs, ys, ls, zs, bs] = [x, value, logDerivative!, back.value, back.logDerivative!].map((t) =>
        t.dataSync(),
      );
      let off = 0;
      for (let i = 0; i < count; i++) {
        assert.ok(Number.isFinite(ys![i]!) && Number.isFinite(ls![i]!));
        assert.ok(above[i]! >= ys![i]! - 1e-4);
        const resolution = 1e-5 * Math.max(1, Math.exp(-ls![i]!));
        const lost = Math.abs(zs![i]! - xs![i]!) > 10 * resolution;
        if (lost || (Math.abs(ls![i]!) < 3 && Math.abs(bs![i]! - ls![i]!) > 0.1)) off++;
      }
      assert.ok(off <= (size === 1 ? 0 : count / 50), `${off} of ${count} do not come back`);
    });
  }

  it('have the derivative that automatic differentiation finds, and finite gradients everywhere', () => {
    const parameters = given(1);
    const x = tf.concat([tf.slice(places(), [0, 0], [count - 2, 1]), tf.tensor2d([[1e15], [-1e15]])]);
    const mapOf = (all: readonly Tensor[]) => transform.map(contextOf({}, false), all);
    const slope = tf
      .grad((v: Tensor) => tf.sum(mapOf(parameters).forward(v).value))(x)
      .dataSync();
    const claimed = mapOf(parameters).forward(x).logDerivative!.dataSync();
    const off = slope.filter((d, i) => !(Math.abs(Math.log(d) - claimed[i]!) < 2e-2)).length;
    assert.equal(off, 0, `${off} of ${count} slopes differ`);
    for (const way of ['forward', 'inverse'] as const) {
      const loss = (...all: Tensor[]): Tensor => {
        const { value, logDerivative } = mapOf(all.slice(1))[way](all[0]!);
        return tf.add(tf.sum(tf.clipByValue(value, -9, 9)), tf.sum(logDerivative!));
      };
      for (const gradient of tf.grads(loss)([x, ...parameters]))
        assert.ok(gradient.dataSync().every(Number.isFinite), `a gradient of ${way} is not finite`);
    }
  });

  it('begin where the conditioner says, have the size that it says, and go on with the slope of the corners', () => {
    const at = (interval: number[]) => {
      const parameters = transform.takes.map(({ size: values }, i) =>
        i === 0 ? tf.tensor(interval, [1, 1, 4]) : tf.zeros([1, 1, values]),
      );
      const map = transform.map(contextOf({}, false), parameters);
      return { map, x: map.knots!.x.dataSync(), y: map.knots!.y.dataSync() };
    };
    const plain = at([0, 0, 0, 0]);
    // asinh softplus(sinh 1 · ln(e − 1)) of the 4 that are above the least of 1.
    const size = 1 + 4 * Math.asinh(Math.log1p(Math.exp(Math.sinh(1) * Math.log(Math.E - 1))));
    assert.ok(Math.abs(plain.x[0]! + 2) < 1e-6 && Math.abs(plain.x.at(-1)! - (size - 2)) < 1e-5);
    const { map, x, y } = at([0.5, -1, 2, -3]);
    assert.ok(Math.abs(x[0]! + 1.5) < 1e-6 && Math.abs(y[0]! + 2) < 1e-6);
    const slope = (y.at(-1)! - y[0]!) / (x.at(-1)! - x[0]!);
    const far = map.forward(tf.tensor2d([[x.at(-1)! + 2]]));
    assert.ok(Math.abs(far.value.dataSync()[0]! - (y.at(-1)! + 2 * slope)) < 1e-4);
    assert.ok(Math.abs(far.logDerivative!.dataSync()[0]! - Math.log(slope)) < 1e-5);
  });

  it('leave what does not move as it is', () => {
    const x = tf.randomUniform([50, 2], -5, 5, 'float32', 3);
    const parameters = transform.takes.map(({ size: values }, i) =>
      tf.randomNormal([50, 2, values], 0, 1, 'float32', i + 1),
    );
    const { value, logDerivative } = transform
      .map(contextOf({}, false), parameters, tf.tensor2d([[0, 1]]))
      .forward(x);
    const [before, after, logs] = [x, value, logDerivative!].map((t) => t.arraySync() as number[][]);
    before!.forEach((row, i) => assert.deepEqual([after![i]![0], logs![i]![0]], [row[0], 0]));
    assert.ok(after!.some((row, i) => row[1] !== before![i]![1]));
  });
});
