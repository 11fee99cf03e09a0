/**
 * Rational-quadratic splines in float32 beside the same formulas in float64, written here from the paper (Durkan et al. 2019,
 * equations 4 to 8): random parameters, random places, both ways. FLOWSCOPE_SPLINES=1000000 takes as many as docs/contract.md
 * reports. Float32 knows a place of [−5, 5] to 5e-7; the value is off by that times the slope, and so is the log of
 * the slope times how fast that changes; parameters of size 3 make slopes of 100 beside 0.01. Limits: three times the worst of a million.
 */
import * as tf from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import { rationalQuadratic } from '../../src/flow/transforms/rational-quadratic';
import { contextOf, onCpu } from './eager';

const count = Number(process.env['FLOWSCOPE_SPLINES'] ?? 20_000);
const atOnce = 20_000;
const [bins, bound, least] = [8, 5, 1e-3];

interface Spline {
  x: number[];
  y: number[];
  slopes: number[];
}

/** nflows' parametrization: softmax with a least share, softplus with a least slope that is 1 for 0. */
function splineOf(widths: ArrayLike<number>, heights: ArrayLike<number>, inner: ArrayLike<number>): Spline {
  const knots = (u: ArrayLike<number>): number[] => {
    const all = Array.from(u, (value) => Math.exp(value));
    const total = all.reduce((sum, value) => sum + value, 0);
    let place = -bound;
    return [
      place,
      ...all.map((value) => (place += 2 * bound * (least + ((1 - bins * least) * value) / total))),
    ];
  };
  const one = Math.log(Math.exp(1 - least) - 1);
  const slopes = Array.from(inner, (value) => least + Math.log1p(Math.exp(value + one)));
  return { x: knots(widths), y: knots(heights), slopes: [1, ...slopes, 1] };
}

/** y and ln dy/dx at x inside of the interval. */
function forward({ x, y, slopes }: Spline, at: number): [value: number, logSlope: number] {
  const k = Math.max(
    0,
    x.findLastIndex((start, i) => i < bins && at >= start),
  );
  const [w, h] = [x[k + 1]! - x[k]!, y[k + 1]! - y[k]!];
  const [s, d0, d1] = [h / w, slopes[k]!, slopes[k + 1]!];
  const t = (at - x[k]!) / w;
  const below = s + (d1 + d0 - 2 * s) * t * (1 - t);
  const value = y[k]! + (h * (s * t * t + d0 * t * (1 - t))) / below;
  const slope = (s * s * (d1 * t * t + 2 * s * t * (1 - t) + d0 * (1 - t) ** 2)) / (below * below);
  return [value, Math.log(slope)];
}

/** x at y, by bisection: no formula of its own. */
function inverse(spline: Spline, goal: number): number {
  let [low, high] = [-bound, bound];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (forward(spline, middle)[0] < goal) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

before(onCpu);

for (const [size, limits] of [
  [1, { value: 1e-3, logSlope: 3e-3, back: 5e-3 }],
  [3, { value: 1e-2, logSlope: 1e-1, back: 5e-2 }],
] as const) {
  it(`${count} splines with parameters of size ${size} are those of float64`, (t) => {
    const transform = rationalQuadratic({
      ...{ bins, bound, center: 0, ends: 'linear', map: 'softmax-floor', floor: least, slope: least },
    });
    const worst = { value: 0, logSlope: 0, back: 0 };
    for (let done = 0; done < count; done += atOnce) {
      const rows = Math.min(atOnce, count - done);
      tf.tidy(() => {
        const seed = 10 * (1 + done / atOnce);
        const given = transform.takes.map(({ size: values }, i) =>
          tf.mul(tf.randomNormal([rows, 1, values], 0, 1, 'float32', seed + i), size),
        );
        const map = transform.map(contextOf({}, false), given);
        const x = tf.randomUniform([rows, 1], -bound, bound, 'float32', seed + 9);
        const found = map.forward(x);
        const [xs, ys, ls, backs] = [x, found.value, found.logDerivative!, map.inverse(x).value].map(
          (tensor) => tensor.dataSync<'float32'>(),
        ) as [Float32Array, Float32Array, Float32Array, Float32Array];
        const parameters = given.map((tensor) => tensor.dataSync<'float32'>());
        for (let i = 0; i < rows; i++) {
          const [w, h, d] = parameters.map((all) => {
            const each = all.length / rows;
            return all.subarray(i * each, (i + 1) * each);
          }) as [Float32Array, Float32Array, Float32Array];
          const spline = splineOf(w, h, d);
          const [value, logSlope] = forward(spline, xs[i]!);
          worst.value = Math.max(worst.value, Math.abs(ys[i]! - value));
          worst.logSlope = Math.max(worst.logSlope, Math.abs(ls[i]! - logSlope));
          worst.back = Math.max(worst.back, Math.abs(backs[i]! - inverse(spline, xs[i]!)));
        }
      });
    }
    t.diagnostic(`worst: ${JSON.stringify(worst)}`);
    for (const [what, limit] of Object.entries(limits))
      assert.ok(worst[what as keyof typeof worst] <= limit, `${what}: ${JSON.stringify(worst)}`);
  });
}
