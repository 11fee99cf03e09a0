/**
 * Beta(a, a) on [−1, 1] and N(0, 1), which have the same share of values below: numbers in double precision, from which
 * ops are made. With t = tanh w the density of w is C·sech²ᵃ w, so that the w of a normal ε is smooth, odd and nearly
 * linear; w/ε is a short Chebyshev series in ε².
 */
import * as tf from '@tensorflow/tfjs-core';

/** x·Σ cⱼ Tⱼ(2x²/bound² − 1) for |x| ≤ bound, constant beyond. */
type OddSeries = ReturnType<typeof oddSeries>;

const furthest = 7;

/** ∫ f from 0 to `to`, by Simpson's rule. */
function integral(f: (s: number) => number, to: number): number {
  const steps = 400;
  const h = to / steps;
  let sum = f(0) + f(to);
  for (let i = 1; i < steps; i++) sum += (i % 2 === 1 ? 4 : 2) * f(i * h);
  return (sum * h) / 3;
}

const logCosh = (w: number): number => w + Math.log1p(Math.exp(-2 * w)) - Math.LN2;

/** A distribution of numbers above 0, by tails: the probability above x, and the same divided by the density. */
interface Tail {
  log(x: number): number;
  /** Mills' ratio. */
  ratio(x: number): number;
}

function normalTail(): Tail {
  const ratio = (x: number): number =>
    integral((s) => Math.exp(-x * s - (s * s) / 2), Math.min(9, 40 / Math.max(x, 1)));
  return { ratio, log: (x) => -(x * x + Math.log(2 * Math.PI)) / 2 + Math.log(ratio(x)) };
}

function betaTail(a: number): Tail & { logPeak: number } {
  const longest = 9 / Math.sqrt(2 * a) + 20 / a;
  const ratio = (w: number): number =>
    integral(
      (s) => Math.exp(2 * a * (logCosh(w) - logCosh(w + s))),
      Math.min(longest, 20 / (a * Math.tanh(w))),
    );
  const logPeak = -Math.log(2 * ratio(0));
  return { logPeak, ratio, log: (w) => logPeak - 2 * a * logCosh(w) + Math.log(ratio(w)) };
}

/** The place in one distribution above which is as much as above x in another, by Newton's method from `near`. */
function sameTail(of: Tail, x: number, other: Tail, near: number): number {
  const goal = of.log(x);
  let y = near;
  for (let i = 0; i < 60; i++) {
    const step = (other.log(y) - goal) * other.ratio(y);
    y += step;
    if (Math.abs(step) < 1e-14) break;
  }
  return y;
}

/** Through the values at Chebyshev's nodes. */
function oddSeries(f: (x: number) => number, bound: number, terms: number) {
  const angles = Array.from({ length: terms }, (_, k) => (Math.PI * (k + 0.5)) / terms);
  const values = angles.map((angle) => {
    const x = bound * Math.cos(angle / 2);
    return f(x) / x;
  });
  const coefficients = angles.map((_, j) => {
    const sum = values.reduce((total, value, k) => total + value * Math.cos(j * angles[k]!), 0);
    return ((j === 0 ? 1 : 2) * sum) / terms;
  });
  return { bound, coefficients };
}

/** @param a at least 1/2; for less than 2, with longer series, ε is within 1e-3 */
export function betaMaps(a: number) {
  const normal = normalTail();
  const beta = betaTail(a);
  const narrow = 1 / Math.sqrt(2 * a);
  const fromNormal = (x: number): number => sameTail(normal, x, beta, x * narrow);
  const terms = a < 2 ? 40 : 18;
  return {
    /** ln of the density of t at 0. */
    logPeak: beta.logPeak,
    /** w from ε, and ε from w, for |ε| up to 7: w to 1e-7, ε to 1e-4. */
    fromNormal: oddSeries(fromNormal, furthest, terms),
    toNormal: oddSeries((w) => sameTail(beta, w, normal, w / narrow), fromNormal(furthest), terms),
  };
}

/** By Clenshaw's recurrence. */
export function applySeries({ bound, coefficients }: OddSeries, x: tf.Tensor): tf.Tensor {
  const inside = tf.clipByValue(x, -bound, bound);
  const u = tf.sub(tf.mul(tf.square(inside), 2 / bound ** 2), 1);
  const twice = tf.mul(u, 2);
  let sum: tf.Tensor = tf.mul(u, 0);
  let before = sum;
  for (const c of coefficients.slice(1).toReversed()) {
    [sum, before] = [tf.add(tf.sub(tf.mul(twice, sum), before), c), sum];
  }
  return tf.mul(inside, tf.add(tf.sub(tf.mul(u, sum), before), coefficients[0]!));
}
