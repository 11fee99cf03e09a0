/** Inverse and log|det| of any matrix, and their derivatives, against elimination in float64 and differences. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { stream } from '../../src/data/random';
import { generalInverse, logAbsDet } from '../../src/flow/mixing/general-inverse';
import { onCpu } from './eager';
import { logAbsDeterminant } from './linear-algebra';

before(onCpu);

function random(size: number, seed: number): Float32Array {
  return stream(seed, 'general-inverse').normal(size * size);
}

const square = (values: ArrayLike<number>): tf.Tensor2D => {
  const size = Math.sqrt(values.length);
  return tf.tensor2d(Float32Array.from(values), [size, size]);
};

/** In float64. */
function logDetOf(values: ArrayLike<number>): number {
  const size = Math.sqrt(values.length);
  return logAbsDeterminant(
    Array.from({ length: size }, (_, i) => Array.from({ length: size }, (_, j) => values[i * size + j]!)),
  );
}

/** Largest entry of M·M⁻¹ − I, in float64. */
function residual(matrix: Float32Array, inverse: ArrayLike<number>): number {
  const size = Math.sqrt(matrix.length);
  let worst = 0;
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++) {
      let sum = i === j ? -1 : 0;
      for (let k = 0; k < size; k++) sum += matrix[i * size + k]! * inverse[k * size + j]!;
      worst = Math.max(worst, Math.abs(sum));
    }
  return worst;
}

describe('inverse and log|det|', () => {
  it('are right for random matrices, and for those that need an exchange of rows', () => {
    const cases = [
      Float32Array.of(-2.5),
      Float32Array.of(0, 1, 1, 0),
      Float32Array.of(0, 2, 0, 0, 0, 3, -1, 0, 0),
      Float32Array.of(1e-7, 1, 1, 1),
      ...[2, 3, 7, 16, 48].map((size) => random(size, size)),
    ];
    for (const matrix of cases) {
      const size = Math.sqrt(matrix.length);
      const inverse = Float32Array.from(generalInverse(square(matrix)).dataSync());
      const largest = inverse.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
      // Float32's resolution times the size of what is multiplied.
      assert.ok(residual(matrix, inverse) < 1e-6 * size * largest, `${size}: ${residual(matrix, inverse)}`);
      const expected = logDetOf(matrix);
      const found = logAbsDet(square(matrix)).dataSync()[0]!;
      assert.ok(Math.abs(found - expected) < 1e-5 * size, `${size}: ${found} instead of ${expected}`);
    }
  });

  it('have the derivatives that differences of the float64 determinant have', () => {
    const size = 5;
    const matrix = random(size, 3);
    const gradient = tf
      .grad((m: tf.Tensor) => logAbsDet(m) as tf.Scalar)(square(matrix))
      .dataSync();
    const step = 1e-6;
    gradient.forEach((value, at) => {
      const moved = (by: number): number =>
        logDetOf(Float64Array.from(matrix, (entry, i) => entry + (i === at ? by : 0)));
      const expected = (moved(step) - moved(-step)) / (2 * step);
      assert.ok(Math.abs(value - expected) < 1e-4 * Math.max(1, Math.abs(expected)), `${value} ${expected}`);
    });
    // d Σ C·M⁻¹ = −M⁻ᵀ·C·M⁻ᵀ, against differences of float32 inverses.
    const weights = square(random(size, 4));
    const sum = (m: tf.Tensor): tf.Scalar => tf.sum(tf.mul(generalInverse(m), weights));
    const derived = tf.grad(sum)(square(matrix)).dataSync();
    const wide = 1e-3;
    derived.forEach((value, at) => {
      const moved = (by: number): number =>
        sum(square(matrix.map((entry, i) => entry + (i === at ? by : 0)))).dataSync()[0]!;
      const expected = (moved(wide) - moved(-wide)) / (2 * wide);
      assert.ok(Math.abs(value - expected) < 0.02 * Math.max(1, Math.abs(expected)), `${value} ${expected}`);
    });
  });
});
