import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawPlane, planeNames } from '../../../src/data/builtin';
import { labelsOf, valuesOf } from '../support/examples';

const points = async (name: Parameters<typeof drawPlane>[0], count: number, noise?: number) => {
  const drawn = drawPlane(name, 5, count, noise);
  const values = await valuesOf(drawn);
  return labelsOf(drawn).map((label, i) => ({ x: values[2 * i]!, y: values[2 * i + 1]!, label }));
};

test('every set is finite, seeded and as large as asked', async () => {
  for (const name of planeNames) {
    const all = drawPlane(name, 1, 999);
    assert.equal(all.count, 999);
    const values = await valuesOf(all);
    assert.equal(values.length, 2 * 999);
    assert.ok(values.every(Number.isFinite), name);
    assert.deepEqual(await valuesOf(drawPlane(name, 1, 999)), values);
    assert.notDeepEqual(await valuesOf(drawPlane(name, 2, 999)), values);
  }
});

test('without noise points lie on their shapes', async () => {
  for (const { x, y, label } of await points('moons', 500, 0)) {
    const [dx, dy] = label === 0 ? [x, y] : [1 - x, 0.5 - y];
    assert.ok(Math.abs(Math.hypot(dx, dy) - 1) < 1e-6 && dy >= -1e-6);
  }
  for (const { x, y, label } of await points('circles', 500, 0)) {
    assert.ok(Math.abs(Math.hypot(x, y) - (label === 0 ? 1 : 0.5)) < 1e-6);
  }
  for (const { x, y } of await points('checkerboard', 500, 0)) {
    const square = Math.floor((x + 4) / 2) + Math.floor((y + 4) / 2);
    assert.ok(Math.abs(x) <= 4 && Math.abs(y) <= 4 && square % 2 === 0);
  }
  for (const { x, y } of await points('gaussians', 500, 0)) {
    assert.ok(Math.abs(Math.hypot(x, y) - 2) < 1e-6);
  }
});

test('points are spread evenly along the moons', async () => {
  const angles = (await points('moons', 20_000, 0)).map(({ x, y, label }) =>
    label === 0 ? Math.atan2(y, x) : Math.atan2(0.5 - y, 1 - x),
  );
  const counts = new Array<number>(10).fill(0);
  for (const angle of angles) counts[Math.min(9, Math.max(0, Math.floor((angle / Math.PI) * 10)))]!++;
  for (const count of counts) assert.ok(Math.abs(count - 2000) < 200, `${count} in a tenth of the arc`);
});

test('the entropy of the moons with noise 0.05 is 0.289 nats', async () => {
  // The exact density: an arc's normal blur, integrated over the angle by the midpoint rule.
  const noise = 0.05;
  const nodes = 1000;
  const arcs = Array.from({ length: nodes }, (_, i) => {
    const angle = (Math.PI * (i + 0.5)) / nodes;
    return [Math.cos(angle), Math.sin(angle)] as const;
  });
  const density = (x: number, y: number) => {
    let sum = 0;
    for (const [c, s] of arcs) {
      sum += Math.exp(-((x - c) ** 2 + (y - s) ** 2) / (2 * noise ** 2));
      sum += Math.exp(-((x - 1 + c) ** 2 + (y - 0.5 + s) ** 2) / (2 * noise ** 2));
    }
    return sum / (2 * nodes * 2 * Math.PI * noise ** 2);
  };
  const sample = await points('moons', 6000);
  const entropy = sample.reduce((sum, { x, y }) => sum - Math.log(density(x, y)), 0) / sample.length;
  assert.ok(Math.abs(entropy - 0.289) < 0.04, `${entropy} nats`);
});
