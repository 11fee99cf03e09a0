import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFeatureStatistics } from '../../../src/data/feature-statistics';
import { stream } from '../../../src/data/random';
import type { ValueFinding } from '../../../src/protocol/data';

const count = 4000;
const random = stream(3, 'shapes');
const normals = random.normal(4 * count);
const uniforms = Array.from({ length: 2 * count }, () => (random.integer(2 ** 32) + 0.5) / 2 ** 32);
const normal = (i: number): number => normals[i]!;
const uniform = (i: number): number => uniforms[i]!;
const exponential = (i: number): number => -Math.log(uniform(i));
/** Student's t with two degrees of freedom. */
const student = (i: number): number => normal(i) / Math.sqrt(exponential(count + i));
const poisson = (i: number, mean: number): number =>
  Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(i)));

function found(value: (i: number) => number, rows = count, name = 'x'): ValueFinding[] {
  const statistics = createFeatureStatistics(1);
  statistics.add(Float64Array.from({ length: rows }, (_, i) => value(i)));
  return statistics.finish(() => name, rows)[0]!.findings ?? [];
}

const side = (value: (i: number) => number): string[] =>
  found(value).flatMap((finding) => (finding.kind === 'heavy tail' ? [finding.side] : []));

test('heavy tails are named, by their side', () => {
  assert.deepEqual(
    side((i) => Math.exp(8 + 2.4 * normal(i))),
    ['above'],
  );
  assert.deepEqual(
    side((i) => Math.exp(normal(i))),
    ['above'],
  );
  assert.deepEqual(
    side((i) => -Math.exp(1.5 * normal(i))),
    ['below'],
  );
  assert.deepEqual(side(student), ['both']);
  assert.deepEqual(
    side((i) => normal(i) / normal(count + i)),
    ['both'],
  );
  assert.deepEqual(
    side((i) => 1000 + uniform(i) ** (-1 / 1.5)),
    ['above'],
  );
  // Beside a column of zeros, too.
  assert.deepEqual(
    side((i) => (uniform(i) < 0.5 ? 0 : Math.exp(2 * normal(i)))),
    ['above'],
  );
});

test('tails that fade as an exponential or faster are not heavy, nor are clusters or a few errors', () => {
  const light: Record<string, (i: number) => number> = {
    normal,
    uniform,
    exponential,
    laplace: (i) => exponential(i) * Math.sign(normal(i)),
    lognormal: (i) => Math.exp(0.5 * normal(i)),
    clusters: (i) => normal(i) + (uniform(i) < 0.1 ? 50 : 0),
    two: (i) => normal(i) + 8 * (i % 2),
    counts: (i) => poisson(i, 500),
    errors: (i) => (i % 1500 === 0 ? 1e6 : normal(i)),
  };
  for (const [name, value] of Object.entries(light)) assert.deepEqual(side(value), [], name);
});

test('limits are named where values are as dense at them as beside them', () => {
  assert.deepEqual(found(uniform), [{ kind: 'limits', low: { value: 0 }, high: { value: 1 } }]);
  assert.deepEqual(
    found((i) => Math.cos(Math.PI * uniform(i))),
    [{ kind: 'limits', low: { value: -1 }, high: { value: 1 } }],
  );
  assert.deepEqual(
    found((i) => 18 + Math.floor(80 * uniform(i))),
    [{ kind: 'limits', low: { value: 18 }, high: { value: 97 } }],
  );
  assert.deepEqual(found(exponential), [{ kind: 'limits', low: { value: 0 } }]);
  assert.deepEqual(
    found((i) => 100 - exponential(i)),
    [{ kind: 'limits', high: { value: 100 } }],
  );
  const [clipped, ...more] = found((i) => Math.max(0, normal(i)));
  assert.ok(clipped?.kind === 'limits' && more.length === 0);
  assert.equal(clipped.low?.value, 0);
  assert.ok(Math.abs(clipped.low.share! - 0.5) < 0.03, String(clipped.low.share));
  assert.equal(clipped.high, undefined);
});

test('what fades out before its limit, and few rows, have none', () => {
  const lessThanAll: Record<string, (i: number) => number> = {
    normal,
    mixture: (i) => normal(i) + 8 * (i % 2),
    cluster: (i) => (uniform(i) < 0.05 ? 0.1 * normal(i) - 10 : normal(i)),
    triangular: (i) => uniform(i) + uniform(count + i),
    lengths: (i) => Math.round(10 * (58 + 8 * normal(i))) / 10,
    counts: (i) => poisson(i, 300),
  };
  for (const [name, value] of Object.entries(lessThanAll)) assert.deepEqual(found(value), [], name);
  assert.deepEqual(found(uniform, 400), []);
});

test('whole numbers of few values are named, counts of many values are not', () => {
  assert.deepEqual(
    found((i) => i % 2),
    [{ kind: 'few values', distinct: 2 }],
  );
  assert.deepEqual(
    found((i) => (i % 20) * 5, 200),
    [{ kind: 'few values', distinct: 20 }],
  );
  assert.deepEqual(
    found((i) => i % 21, 2100),
    [],
  );
  assert.deepEqual(
    found((i) => i % 20, 190),
    [],
  );
  assert.deepEqual(
    found((i) => (i % 5) / 2),
    [],
  );
  assert.deepEqual(
    found(() => 7),
    [],
  );
  assert.deepEqual(
    found((i) => poisson(i, 3)).map(({ kind }) => kind),
    ['few values'],
  );
  assert.deepEqual(
    found((i) => 3 * i),
    [{ kind: 'row number' }],
  );
  assert.deepEqual(
    found((i) => Math.floor(1e6 * uniform(i)), count, 'Order No.'),
    [{ kind: 'row number' }],
  );
});

test('quartiles are of the values that are there', () => {
  const statistics = createFeatureStatistics(2);
  statistics.add(Float32Array.of(3, NaN, 1, 10, NaN, 20));
  statistics.add(Float32Array.of(2, NaN, 4, NaN, 5, NaN));
  const [first, second] = statistics.finish(String, 6);
  assert.deepEqual(first!.quartiles, [2, 3, 4]);
  assert.deepEqual(second!.quartiles, [12.5, 15, 17.5]);
});
