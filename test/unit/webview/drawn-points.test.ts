import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UserError } from '../../../src/base/user-error';
import { csvOfPoints } from '../../../src/extension/draw/csv';
import { mostPoints } from '../../../src/protocol/draw-page';
import {
  changed,
  emptyDrawing,
  erased,
  fitted,
  redone,
  sprayed,
  undone,
} from '../../../webview/draw-data/points';

describe('drawn points', () => {
  let seed = 1;
  const random = (): number => (seed = (seed * 16807) % 2147483647) / 2147483647;

  it('are sprayed evenly over the disc, inside of the plane', () => {
    const points = sprayed([], [1, -1], 0.5, 4000, 3, random);
    assert.equal(points.length, 8000);
    const distances: number[] = [];
    for (let i = 0; i < points.length; i += 2) distances.push(Math.hypot(points[i]! - 1, points[i + 1]! + 1));
    assert.ok(Math.max(...distances) <= 0.5);
    // A quarter of the area lies within half of the radius.
    const inner = distances.filter((d) => d < 0.25).length / 4000;
    assert.ok(Math.abs(inner - 0.25) < 0.03, `${inner}`);
    const edge = sprayed([], [3, 3], 1, 500, 3, random);
    assert.ok(edge.every((value) => Math.abs(value) <= 3));
  });

  it('end where there is no more room', () => {
    const full = Array.from({ length: 2 * mostPoints - 4 }, () => 0);
    assert.equal(sprayed(full, [0, 0], 1, 10, 3).length, 2 * mostPoints);
  });

  it('are erased in a disc and nowhere else', () => {
    const points = [0, 0, 0.4, 0, 1, 1];
    assert.deepEqual(erased(points, [0, 0], 0.5), [1, 1]);
    assert.equal(erased(points, [-2, -2], 0.5), points);
  });

  it('can be taken back and brought again', () => {
    const one = changed(emptyDrawing, [1, 2]);
    const two = changed(one, [1, 2, 3, 4]);
    assert.deepEqual(undone(two).points, [1, 2]);
    assert.deepEqual(undone(undone(two)).points, []);
    assert.deepEqual(redone(undone(two)).points, [1, 2, 3, 4]);
    // A new change ends what could be brought again.
    assert.deepEqual(redone(changed(undone(two), [9, 9])).points, [9, 9]);
    assert.equal(undone(emptyDrawing), emptyDrawing);
  });

  it('of another set fill the plane without being bent', () => {
    const points = fitted([10, 0, 14, 1, 12, 2], 3);
    assert.deepEqual(
      points.map((value) => Number(value.toFixed(6))),
      [-2.7, -1.35, 2.7, 0, 0, 1.35],
    );
  });

  it('become a table', () => {
    const points = Float32Array.from({ length: 40 }, (_, i) => i / 8 - 2);
    const lines = csvOfPoints(points).trimEnd().split('\n');
    assert.equal(lines[0], 'x,y');
    assert.deepEqual(
      lines.slice(1).flatMap((line) => line.split(',').map(Number)),
      [...points].map((value) => Number(value.toFixed(4))),
    );
    assert.throws(() => csvOfPoints(new Float32Array(4)), UserError);
    assert.throws(() => csvOfPoints(new Float32Array(40).fill(NaN)), UserError);
  });
});
