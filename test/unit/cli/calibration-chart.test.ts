/** The chart of a calibration: what is drawn are its counts and places. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stream } from '../../../src/data/random';
import { calibrationSvg } from '../../../src/cli/calibration-chart';
import { rankTest } from '../../../src/engine/use/rank-statistics';
import type { Calibration } from '../../../src/protocol/calibration';

const pairs = 200;
const draws = 99;

function tested(power: number, label: string) {
  const uniform = stream(1, label).uniform(pairs);
  const ranks = Int32Array.from(uniform, (u) => Math.floor((draws + 1) * u ** power));
  return rankTest(ranks, draws, stream(2, label).uniform(pairs), { reading: 'feature', threshold: 0.001 });
}

const calibration = (features: number): Calibration => ({
  ...{ pairs, draws, threshold: 0.001, nonFinite: 0 },
  features: Array.from({ length: features }, (_, i) => ({
    ...{ name: `<${i}>`, feature: i },
    ...tested(i === 0 ? 3 : 1, `f${i}`),
  })),
  coverage: { ...tested(1, 'coverage'), levels: [] },
  tarp: tested(1, 'tarp'),
});

test('a bar for each count, as high as it is', () => {
  const one = calibration(1);
  const svg = calibrationSvg(one);
  const bars = [...svg.matchAll(/<rect class="off"[^>]* height="([\d.]+)"/g)].map(([, height]) =>
    Number(height),
  );
  const { counts } = one.features[0]!.histogram;
  assert.equal(bars.length, counts.length);
  const most = Math.max(...bars);
  bars.forEach((height, i) => {
    assert.ok(Math.abs(height / most - counts[i]! / Math.max(...counts)) < 0.01);
  });
  assert.match(svg, />too high, 0\.\d{3}<\/text>/);
  assert.match(svg, /&lt;0&gt;/);
});

test('curves lead from corner to corner, through the share that is below each level', () => {
  const svg = calibrationSvg(calibration(1));
  const [curve] = [...svg.matchAll(/<polyline[^>]* points="([^"]+)"/g)].map(([, points]) =>
    points!.split(' ').map((point) => point.split(',').map(Number) as [number, number]),
  );
  assert.deepEqual(
    [curve![0], curve!.at(-1)],
    [
      [0, 120],
      [190, 0],
    ],
  );
  const places = calibration(1).coverage.places;
  const half = places.filter((place) => place <= 0.5).length / pairs;
  assert.ok(Math.abs(1 - curve![25]![1] / 120 - half) < 0.001);
});

test('of many features those that are farthest from uniform are drawn, and the others counted', () => {
  const svg = calibrationSvg(calibration(14));
  assert.equal(svg.match(/place among samples/g)!.length, 10);
  assert.match(svg, /4 more features are nearer to uniform/);
  assert.match(svg, /&lt;0&gt;/);
});
