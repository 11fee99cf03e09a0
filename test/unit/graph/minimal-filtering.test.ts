/** F(4, 3) against the sum that it stands for, computed in double precision. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stream } from '../../../src/data/random';
import {
  biasProducts,
  filterProducts,
  products,
  resultMatrix,
  taps,
  tile,
  valueMatrix,
} from '../../../src/graph/layouts/minimal-filtering';

/** [rows, columns] times a vector. */
const times = (matrix: Float32Array, vector: readonly number[]): number[] =>
  Array.from({ length: matrix.length / vector.length }, (_, row) =>
    vector.reduce((sum, value, i) => sum + matrix[row * vector.length + i]! * value, 0),
  );

const random = stream(4, 'tiles');
/** Float32 rounds the three numbers of a filter to six, each to 6e-8, and results add up six of them with factors up to 3.4. */
const tolerance = 2e-6;

describe('minimal filtering', () => {
  for (const height of [4, 8, 20]) {
    it(`of ${height} values, padded by one zero at each end`, () => {
      const values = [...random.normal(height)];
      const filter = random.normal(taps);
      const inProducts = times(valueMatrix(height, 'tile by tile'), values);
      const filters = filterProducts(filter).map(([value]) => value!);
      const results = inProducts.map((value, i) => value * filters[i % products]!);
      for (let row = 0; row < height; row++) {
        const first = Math.floor(row / tile) * products;
        const result = times(resultMatrix(), results.slice(first, first + products))[row % tile]!;
        const expected = filter.reduce((sum, tap, i) => sum + tap * (values[row + i - 1] ?? 0), 0);
        assert.ok(Math.abs(result - expected) < tolerance, `row ${row}: ${result} for ${expected}`);
      }
    });
  }

  it('keeps the columns, channels and outputs of a filter apart', () => {
    const filter = random.normal(taps * 10);
    const column = (i: number): Float32Array => Float32Array.of(filter[i]!, filter[10 + i]!, filter[20 + i]!);
    const all = filterProducts(filter);
    for (let i = 0; i < 10; i++)
      assert.deepEqual(
        filterProducts(column(i)).map(([value]) => value),
        all.map((values) => values[i]),
      );
  });

  it('adds a bias to each of the four results', () => {
    const bias = random.normal(3);
    const shares = biasProducts(bias);
    for (let channel = 0; channel < 3; channel++) {
      const share = Array.from({ length: products }, (_, k) => shares[3 * k + channel]!);
      for (const result of times(resultMatrix(), share))
        assert.ok(Math.abs(result - bias[channel]!) < tolerance);
    }
  });
});
