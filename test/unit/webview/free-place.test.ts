/** Where the name of a line stands in a chart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { along, freePlace } from '../../../webview/base/charts/free-place';

const chart = { width: 50, left: 36, right: 200, top: 6, base: 120 };

test('a name stands at the right below its line, unless a curve is there', () => {
  assert.deepEqual(freePlace([], 60, chart), { x: 198, y: 72 });
  // A curve that falls through the line at the right.
  const falling = along([
    [40, 10],
    [150, 20],
    [180, 118],
  ]);
  const { x, y } = freePlace(falling, 60, chart);
  const over = falling.filter(([px, py]) => px > x - 50 && px < x && py > y - 10 && py < y);
  assert.deepEqual(over, []);
  assert.ok(x < 198, `${x}`);
});

test('at the foot of a chart the name stands above its line, and never outside of it', () => {
  assert.deepEqual(freePlace([], 116, chart), { x: 198, y: 112 });
  const everywhere = along([
    [0, 60],
    [200, 60],
  ]);
  const { x, y } = freePlace(everywhere, 60, chart);
  assert.ok(x - 50 >= 36 && x <= 200 && y <= 118 && y >= 16);
});

test('a way has no gap that a word fits into', () => {
  const way = along([
    [0, 0],
    [30, 40],
  ]);
  assert.deepEqual(way.at(-1), [30, 40]);
  for (let i = 1; i < way.length; i++)
    assert.ok(Math.hypot(way[i]![0] - way[i - 1]![0], way[i]![1] - way[i - 1]![1]) <= 4.001);
});
