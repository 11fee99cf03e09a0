import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stream } from '../../../src/data/random';

test('a stream depends on its seed and labels, and on nothing else', () => {
  fc.assert(
    fc.property(fc.nat(), fc.array(fc.oneof(fc.string(), fc.nat())), (seed, labels) => {
      assert.deepEqual(stream(seed, ...labels).normal(5), stream(seed, ...labels).normal(5));
      assert.notDeepEqual(stream(seed, ...labels).uniform(5), stream(seed + 1, ...labels).uniform(5));
      assert.notDeepEqual(stream(seed, ...labels).uniform(5), stream(seed, ...labels, 0).uniform(5));
    }),
  );
  assert.notDeepEqual(stream(0, 1).uniform(3), stream(0, '1').uniform(3));
  assert.notDeepEqual(stream(0, 'a', 'b').uniform(3), stream(0, 'ab').uniform(3));
});

test('the numbers are the same in every version and on every machine', () => {
  assert.deepEqual(
    [...stream(7, 'noise', 3).uniform(3)],
    [0.6281631588935852, 0.36903053522109985, 0.029175996780395508],
  );
  assert.deepEqual(
    [...stream(7, 'noise', 3).normal(3)],
    [1.4014595746994019, -1.432146430015564, -0.1513461172580719],
  );
  assert.deepEqual([...stream(7, 'order').permutation(8)], [4, 5, 6, 3, 1, 2, 0, 7]);
});

test('uniform values lie in [0, 1) and are even', () => {
  const values = stream(1, 'u').uniform(200_000);
  assert.ok(values.every((value) => value >= 0 && value < 1));
  const counts = new Array<number>(20).fill(0);
  for (const value of values) counts[Math.floor(value * 20)]!++;
  // Chi-squared with 19 degrees of freedom: 43.8 is exceeded once in a thousand.
  const chi = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
  assert.ok(chi < 43.8, `chi-squared ${chi}`);
});

test('normal values have the moments of the standard normal, and neighbours are independent', () => {
  const n = 200_000;
  const values = stream(2, 'z').normal(n);
  const mean = (f: (i: number) => number) => Array.from(values, (_, i) => f(i)).reduce((a, b) => a + b) / n;
  const within = (value: number, expected: number, deviation: number) =>
    assert.ok(
      Math.abs(value - expected) < 4 * (deviation / Math.sqrt(n)),
      `${value} is far from ${expected}`,
    );
  within(
    mean((i) => values[i]!),
    0,
    1,
  );
  within(
    mean((i) => values[i]! ** 2),
    1,
    Math.sqrt(2),
  );
  within(
    mean((i) => values[i]! ** 3),
    0,
    Math.sqrt(15),
  );
  within(
    mean((i) => values[i]! ** 4),
    3,
    Math.sqrt(96),
  );
  within(
    mean((i) => values[i]! * (values[i - 1] ?? 0)),
    0,
    1,
  );
  assert.equal(stream(2, 'z').normal(5).length, 5);
});

test('a permutation holds every number once', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(300), (seed, n) => {
      assert.deepEqual(
        [...stream(seed).permutation(n)].sort((a, b) => a - b),
        [...Array(n).keys()],
      );
    }),
  );
});

test('permutations of three are equally likely', () => {
  const counts = new Map<string, number>();
  for (let seed = 0; seed < 6000; seed++) {
    const key = stream(seed, 'p').permutation(3).join('');
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  assert.equal(counts.size, 6);
  for (const count of counts.values()) assert.ok(Math.abs(count - 1000) < 130, `${count} of 6000`);
});

test('integers stay below their limit', () => {
  const random = stream(3, 'i');
  for (const max of [1, 2, 3, 1000, 2 ** 31 + 5, 2 ** 32]) {
    for (let i = 0; i < 50; i++) {
      const value = random.integer(max);
      assert.ok(Number.isInteger(value) && value >= 0 && value < max);
    }
  }
});
