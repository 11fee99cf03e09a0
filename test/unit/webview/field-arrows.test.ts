/** Arrows of a vector field. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { arrowsOf } from '../../../webview/features/field/draw';

describe('arrows of a vector field', () => {
  /** A field of 8×8 cells. */
  const field = (at: (row: number, column: number) => [number, number]) => ({
    shape: [8, 8, 2],
    data: Float32Array.from(Array.from({ length: 64 }, (_, i) => at(Math.floor(i / 8), i % 8)).flat()),
  });

  it('begin in the middle of their cells, point upward for a second feature that grows, and fit between each other', () => {
    const arrows = arrowsOf(
      field((row, column) => (row === 2 && column === 6 ? [0, 2] : [1, 0])),
      80,
    );
    assert.deepEqual(arrows, [
      { from: [25, 25], to: [45, 25] },
      { from: [65, 25], to: [65, -15] },
      { from: [25, 65], to: [45, 65] },
      { from: [65, 65], to: [85, 65] },
    ]);
  });

  it('are left out where a velocity is not finite, and have no length where nothing moves', () => {
    assert.equal(
      arrowsOf(
        field((row) => [row === 2 ? NaN : 1, 0]),
        80,
      ).length,
      2,
    );
    assert.deepEqual(
      arrowsOf(
        field(() => [0, 0]),
        80,
      )[0],
      { from: [25, 25], to: [25, 25] },
    );
  });
});
