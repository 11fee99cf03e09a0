/** The chart of a comparison: what is drawn are the numbers of the trainings. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comparisonPage, comparisonSvg } from '../../../src/cli/comparison-chart';
import type { PresetComparison, PresetResult } from '../../../src/protocol/compare-presets';

const result = (preset: string, values: number[]): PresetResult => ({
  preset,
  run: `/runs/${preset}`,
  status: 'finished',
  message: 'All steps are done.',
  steps: 100,
  seconds: 10,
  parameters: 12,
  curve: values.map((validationNats, i) => ({ step: 10 * (i + 1), seconds: 5 * (i + 1), validationNats })),
});
const comparison = (results: PresetResult[]): PresetComparison => ({
  ...{ data: 'a & b', seconds: 10, unit: 'nats', left: [] },
  results,
});

const polylines = (svg: string): [x: number, y: number][][] =>
  [...svg.matchAll(/<polyline[^>]* points="([^"]+)"/g)].map(([, points]) =>
    points!.split(' ').map((point) => point.split(',').map(Number) as [number, number]),
  );

test('a line for each training, in proportion to seconds and values', () => {
  const svg = comparisonSvg(comparison([result('nsf', [4, 2]), result('maf', [5, 3])]))!;
  const [nsf, maf] = polylines(svg) as [[number, number][], [number, number][]];
  // From 5 s to 10 s: half of the axis, which begins at 0 s.
  assert.ok(Math.abs(nsf[1]![0] - 64 - 2 * (nsf[0]![0] - 64)) < 0.2);
  // One nat is as far everywhere, and less is lower.
  const nat = nsf[0]![1] - maf[0]![1];
  assert.ok(nat > 20);
  assert.ok(Math.abs(nsf[1]![1] - nsf[0]![1] - 2 * nat) < 0.4);
  assert.match(svg, />nsf 2\.000<\/text>/);
  assert.match(svg, /Held-out nats of a &amp; b, 10 s of training each/);
});

test('a training that was validated once is a dot', () => {
  const svg = comparisonSvg(comparison([result('nsf', [4])]))!;
  const [[start, end]] = polylines(svg) as [[[number, number], [number, number]]];
  assert.deepEqual(start, end);
  assert.ok(start.every(Number.isFinite), start.join());
  assert.match(svg, /stroke-linecap="round"/);
});

test('names at the ends do not lie over each other', () => {
  const svg = comparisonSvg(
    comparison([result('a', [4, 2]), result('b', [5, 2.001]), result('c', [5, 2.002])]),
  )!;
  const places = [...svg.matchAll(/<text x="554" y="([\d.]+)"/g)]
    .map(([, y]) => Number(y))
    .sort((a, b) => a - b);
  assert.equal(places.length, 3);
  places.slice(1).forEach((place, i) => assert.ok(place - places[i]! >= 15.9));
});

test('without a validation there is no chart; the page has the table', () => {
  assert.equal(comparisonSvg(comparison([result('nsf', [])])), undefined);
  const page = comparisonPage(comparison([result('nsf', [4, 2])]), [['preset'], ['<nsf>']])!;
  assert.match(page, /<svg[^]*<td>&lt;nsf&gt;<\/td>/);
});
