/** The energy distance of a pair plot against its definition, and its test on sets whose distributions are known. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stream } from '../../../../src/data/random';
import { pairPlot } from '../../../../src/engine/use/pair-plot';
import { CancelledError } from '../../../../src/protocol/wire';

/** [count, 3] */
function rows(label: string, count: number, change: (value: number, d: number) => number): Float32Array {
  return stream(3, label)
    .normal(3 * count)
    .map((value, i) => change(value, i % 3));
}

const plain = (value: number): number => value;

/** Székely and Rizzo's definition, over pairs of the chosen features in units of the examples' deviations. */
function byDefinition(x: Float32Array, y: Float32Array, [a, b]: readonly [number, number]): number {
  const n = x.length / 3;
  const indices = Array.from({ length: n }, (_, i) => i);
  const unit = (d: number): number => {
    const mean = indices.reduce((sum, i) => sum + x[3 * i + d]!, 0) / n;
    return Math.sqrt(indices.reduce((sum, i) => sum + (x[3 * i + d]! - mean) ** 2, 0) / n);
  };
  const units = [unit(a), unit(b)] as const;
  const mean = (p: Float32Array, q: Float32Array): number => {
    let sum = 0;
    for (const i of indices)
      for (const j of indices)
        sum += Math.hypot(
          (p[3 * i + a]! - q[3 * j + a]!) / units[0],
          (p[3 * i + b]! - q[3 * j + b]!) / units[1],
        );
    return sum / n ** 2;
  };
  return (2 * mean(x, y) - mean(x, x) - mean(y, y)) / (2 * mean(x, y));
}

describe('a pair plot', () => {
  test('its distance is the energy distance of both sets', async () => {
    const count = 60;
    const x = rows('x', count, (value, d) => value * 10 ** d);
    const samples = rows('y', count, (value, d) => (value + 0.7) * 10 ** d);
    for (const features of [
      [0, 2],
      [2, 1],
    ] as const) {
      const plot = await pairPlot({ count, x, samples }, { features, seed: 1 });
      const expected = byDefinition(x, samples, features);
      assert.ok(Math.abs(plot!.distance - expected) < 1e-9, `${plot!.distance} instead of ${expected}`);
      assert.deepEqual(plot!.examples.shape, [count, 2]);
      assert.equal(plot!.examples.data[3], x[3 + features[1]]);
      assert.equal(plot!.samples.data[2], samples[3 + features[0]]);
    }
  });

  test('p-values of two sets of one distribution are uniform', async () => {
    const count = 40;
    let sum = 0;
    const trials = 60;
    for (let k = 0; k < trials; k++) {
      const sets = { count, x: rows(`x${k}`, count, plain), samples: rows(`y${k}`, count, plain) };
      sum += (await pairPlot(sets, { features: [0, 1], seed: k }))!.pValue;
    }
    // Within three standard errors of the mean of 60 uniform numbers.
    assert.ok(Math.abs(sum / trials - 0.5) < 3 * Math.sqrt(1 / 12 / trials), `${sum / trials}`);
  });

  test('a difference of the chosen features alone is found', async () => {
    const count = 200;
    const x = rows('x', count, plain);
    const samples = rows('y', count, (value, d) => (d === 2 ? value + 0.8 : value));
    const of = async (features: [number, number]) =>
      (await pairPlot({ count, x, samples }, { features, seed: 1 }))!;
    const [same, other] = [await of([0, 1]), await of([1, 2])];
    assert.equal(same.off, false);
    assert.ok(other.off && other.distance > other.high && other.pValue === 0.001);
  });

  test('of many pairs a thousand are compared, and values that are not finite left out', async () => {
    const count = 1500;
    const x = rows('x', count, plain);
    const samples = rows('y', count, plain);
    samples[0] = NaN;
    const plot = await pairPlot({ count, x, samples }, { features: [0, 1], seed: 1 });
    assert.deepEqual(plot!.samples.shape, [1000, 2]);
    assert.ok(plot!.samples.data.every(Number.isFinite));
    samples.fill(Infinity);
    assert.equal(await pairPlot({ count, x, samples }, { features: [0, 1], seed: 1 }), null);
  });

  test('features that there are not are refused in words, and it can be canceled', async () => {
    const sets = { count: 20, x: rows('x', 20, plain), samples: rows('y', 20, plain) };
    for (const features of [
      [0, 3],
      [1, 1],
      [-1, 0],
    ] as [number, number][])
      await assert.rejects(pairPlot(sets, { features, seed: 1 }), /expected two different ones of 3/);
    const control = new AbortController();
    control.abort();
    await assert.rejects(
      pairPlot(sets, { features: [0, 1], seed: 1, signal: control.signal }),
      CancelledError,
    );
  });
});
