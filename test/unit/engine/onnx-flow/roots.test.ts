/** Where functions of single numbers take given values. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotoneRoots } from '../../../../src/engine/onnx-flow/roots';

/** In float32, as graphs compute. */
async function found(
  g: (x: number) => number,
  goal: Float64Array,
): Promise<{ roots: Float64Array; runs: number }> {
  let runs = 0;
  const roots = await monotoneRoots(goal, (x) => {
    runs++;
    return Promise.resolve(x.map((value) => Math.fround(g(Math.fround(value)))));
  });
  return { roots, runs };
}

const curves: [string, (x: number) => number][] = [
  ['a line', (x) => 3 * x + 1],
  ['an exponential', Math.exp],
  ['a cubic', (x) => x ** 3 + 0.01 * x],
  ['a sharp bend', (x) => (x < 0.3 ? 0.001 * x : 50 * (x - 0.3) + 0.0003)],
  ['two flat ends', (x) => Math.tanh(5 * x) + 0.001 * x],
  ['one that falls', (x) => -2 * x - Math.atan(20 * x)],
];

for (const [name, g] of curves)
  test(`${name} is undone to the last bit, in few runs`, async () => {
    const values = Float64Array.from({ length: 500 }, (_, i) => Math.fround(4 * Math.sin(1.7 * i)));
    const goal = values.map((x) => Math.fround(g(x)));
    const { roots, runs } = await found(g, goal);
    roots.forEach((x, i) => {
      assert.equal(Math.fround(g(x)), goal[i], `${values[i]}`);
    });
    assert.ok(runs <= 24, `${runs} runs`);
  });

test('where a goal is never reached, the nearest end that was looked at is said', async () => {
  const { roots } = await found(Math.tanh, Float64Array.of(-2, 0.5, 2));
  assert.ok(roots[0]! < -1e6 && roots[2]! > 1e6, roots.join());
  assert.equal(Math.fround(Math.tanh(roots[1]!)), 0.5);
});
