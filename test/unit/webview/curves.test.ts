/** Long lines in few points, and the running mean. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { linePath } from '../../../webview/base/charts/decimate';
import { linear } from '../../../webview/base/charts/scale';
import { smoothed } from '../../../webview/base/charts/run-chart';
import { merged } from '../../../webview/base/store/run-state';

const points = (path: string): [number, number][] =>
  path
    .split(/[ML]/)
    .filter(Boolean)
    .map((point) => point.split(' ').map(Number) as [number, number]);

test('a line keeps the highest and the lowest value of every column, whatever is between', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 3000 }),
      fc.integer({ min: 20, max: 200 }),
      (values, width) => {
        const x = linear(0, Math.max(1, values.length - 1), 0, width);
        const y = linear(-100, 100, 200, 0);
        const drawn = points(
          linePath(
            values.map((_, i) => i),
            Float32Array.from(values),
            x,
            y,
            (pixel) => pixel,
          ),
        );
        // At most four points a half pixel.
        assert.ok(drawn.length <= 4 * (2 * width + 1));
        const wanted = new Map<number, [number, number]>();
        values.forEach((value, i) => {
          const column = Math.round(x.at(i) * 2) / 2;
          const place = y.at(Math.fround(value));
          const [low, high] = wanted.get(column) ?? [Infinity, -Infinity];
          wanted.set(column, [Math.min(low, place), Math.max(high, place)]);
        });
        for (const [column, [low, high]] of wanted) {
          const places = drawn.filter(([at]) => at === column).map(([, place]) => place);
          assert.ok(Math.abs(Math.min(...places) - low) <= 0.051, `column ${column}`);
          assert.ok(Math.abs(Math.max(...places) - high) <= 0.051, `column ${column}`);
        }
      },
    ),
  );
});

test('NaN is passed over, not drawn as zero', () => {
  const x = linear(0, 3, 0, 300);
  const y = linear(0, 10, 100, 0);
  assert.equal(
    linePath([0, 1, 2, 3], Float32Array.of(1, NaN, 3, NaN), x, y, (p) => p),
    'M0 90.0L200 70.0',
  );
});

test('the running mean is the weighted mean of all before', () => {
  const values = Float32Array.of(4, 2, NaN, 8);
  const half = smoothed(values, 0.5);
  assert.equal(half[0], 4);
  assert.ok(Math.abs(half[1]! - (4 * 0.25 + 2 * 0.5) / 0.75) < 1e-6);
  assert.ok(Number.isNaN(half[2]));
  assert.ok(Math.abs(half[3]! - (4 * 0.125 + 2 * 0.25 + 8 * 0.5) / 0.875) < 1e-6);
  assert.equal(smoothed(values, 0), values);
});

test('rows add up, and start over with another file', () => {
  const base = { folder: '/run', status: 'running' as const, checkpoints: [], rates: [] };
  const first = merged(undefined, {
    ...base,
    source: 1,
    start: 0,
    steps: Int32Array.of(1, 2),
    columns: { seconds: Float32Array.of(1, 2) },
  });
  const second = merged(first, {
    ...base,
    source: 1,
    start: 2,
    steps: Int32Array.of(3),
    columns: { seconds: Float32Array.of(3), gradientNorm: Float32Array.of(7) },
  });
  assert.deepEqual([...second.steps], [1, 2, 3]);
  assert.deepEqual([...second.columns.seconds!], [1, 2, 3]);
  assert.deepEqual([...second.columns.gradientNorm!], [NaN, NaN, 7]);
  const other = merged(second, { ...base, source: 2, start: 0, steps: Int32Array.of(1), columns: {} });
  assert.deepEqual([...other.steps], [1]);
  assert.deepEqual(other.columns, {});
});
