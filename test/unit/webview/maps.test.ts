/** What is seen of maps, and which range their colors have. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TensorView } from '../../../src/protocol/tensors';
import {
  cut,
  panned,
  showing,
  wholeMap,
  windowOf,
  zoomed,
} from '../../../webview/features/activations/map-view';
import { trimmedSize } from '../../../webview/base/canvas/trimmed';
import { layoutOf, pageOf, windowOfWeight } from '../../../src/protocol/weight-window';
import { pictureOf } from '../../../webview/features/network/picture-of';
import { colorRanges, withinRange } from '../../../webview/features/activations/color-ranges';
import { movedOnly } from '../../../webview/features/activations/moved';

describe('a view of maps', () => {
  it('zooms about a place and never leaves the map', () => {
    const corner = zoomed(wholeMap, 2, 8, { x: 1, y: 0 });
    assert.deepEqual(corner, { left: 0.5, top: 0, span: 0.5 });
    assert.deepEqual(windowOf(corner, 8, 8), { row: 0, column: 4, height: 4, width: 4 });
    assert.deepEqual(windowOf(corner, 4, 4), { row: 0, column: 2, height: 2, width: 2 });
    assert.deepEqual(zoomed(corner, 0.5, 8), wholeMap);
    assert.equal(zoomed(corner, 100, 8).span, 0.25);
    assert.deepEqual(panned(corner, 5, -5), corner);
    assert.deepEqual(panned(corner, -0.5, 0), { left: 0.25, top: 0, span: 0.5 });
    assert.deepEqual(showing(corner, 7, 0, 8, 8), { left: 0, top: 0.5, span: 0.5 });
  });

  it('cuts out cells, and means of blocks where they are many', () => {
    const side = 300;
    const plane = {
      width: side,
      height: side,
      values: Float32Array.from({ length: side ** 2 }, (_, i) => i % 11),
    };
    const small = cut(plane, { row: 10, column: 20, height: 5, width: 5 }, 128);
    assert.equal(small.block, 1);
    assert.equal(small.plane.values[7], plane.values[11 * side + 22]);
    const { plane: whole, block } = cut(plane, { row: 0, column: 0, height: side, width: side }, 128);
    assert.equal(block, 3);
    assert.deepEqual([whole.width, whole.height], [100, 100]);
    let sum = 0;
    for (const r of [30, 31, 32]) for (const c of [60, 61, 62]) sum += plane.values[r * side + c]!;
    assert.ok(Math.abs(whole.values[10 * 100 + 20]! - sum / 9) < 1e-5);
  });
});

describe('ranges of colors', () => {
  const values = Float32Array.from({ length: 1000 }, (_, i) => (i % 2 ? -1 : 1) * (i / 1000));
  values[10] = 50;
  values[11] = -40;
  values[12] = NaN;
  const tensor = (name: string, role: TensorView['role']): TensorView => ({
    name,
    role,
    shape: [10, 10, 10],
    dtype: 'float32',
    stats: { count: 1000, min: -40, max: 50, mean: 0, std: 1, nan: 1, inf: 0 },
    histogram: { edges: [-40, 5, 50], counts: [998, 1] },
    data: values,
  });
  const view = { layer: 0, tensors: [tensor('x', 'input'), tensor('y', 'output')] } as never;

  it('leave out one half of a percent, and say how many and how far', () => {
    const sorted = [...values]
      .map(Math.abs)
      .filter(Number.isFinite)
      .sort((a, b) => a - b);
    assert.equal(trimmedSize([values]).size, sorted[Math.ceil(0.995 * 999) - 1]);
    assert.deepEqual(colorRanges(view, 'most')(tensor('x', 'input')), { limit: 1, full: 50, beyond: 4 });
    assert.deepEqual(colorRanges(view, 'all')(tensor('x', 'input')), { limit: 50, full: 50, beyond: 0 });
    const { edges, counts } = withinRange(tensor('x', 'input'), 1);
    assert.deepEqual(edges, [-1, 0, 1]);
    assert.equal(counts[0]! + counts[1]!, 997);
  });

  it('are of what moves, where the rest is zero', () => {
    const passing = Float32Array.from({ length: 1000 }, (_, i) => (i < 900 ? 1 : 0));
    const mask = { shape: [10, 10, 10], data: passing };
    const moved = values.map((value, i) => (i < 900 ? 0 : i === 999 ? 50 : value));
    const s = movedOnly({ ...tensor('s', 'logScale'), data: moved }, mask);
    assert.deepEqual([s.stats.count, s.stats.max, s.stats.nan], [100, 50, 0]);
    // 99.5 % of a hundred values is all of them; of a thousand with the zeros it would not be.
    assert.equal(colorRanges({ layer: 0, tensors: [s] }, 'most')(s).limit, 50);
    assert.equal(
      withinRange(s, 1).counts.reduce((a, b) => a + b),
      99,
    );
    const broken = movedOnly({ ...tensor('s', 'logScale'), data: moved.fill(NaN, 900) }, mask);
    assert.deepEqual([broken.stats.count, broken.stats.nan, broken.stats.inf], [100, 100, 0]);
    assert.deepEqual(broken.histogram.counts, [0]);
    const one = movedOnly(
      { ...tensor('t', 'shift'), shape: [2], data: Float32Array.of(0, 3) },
      { shape: [2], data: Float32Array.of(1, 0) },
    );
    assert.equal(one.histogram.edges[0], 2.5);
    assert.equal(
      withinRange(one, 3).counts.reduce((a, b) => a + b),
      1,
    );
  });
});

describe('a window of a weight', () => {
  it('shows kernels by output and input, further axes one at a time', () => {
    const shape = [40, 20, 2, 3, 3];
    const axes = ['output', 'input', 'other', 'row', 'column'] as const;
    const layout = layoutOf(shape, axes);
    assert.deepEqual(layout, { rows: 0, columns: 1, kernelRows: 3, kernelColumns: 4, others: [2] });
    const from = [32, 16, 1, 0, 0];
    const { size } = windowOfWeight({ shape, axes, from });
    assert.deepEqual(size, [8, 4, 1, 3, 3]);
    const data = Float32Array.from({ length: 8 * 4 * 9 }, (_, i) => i);
    const { plane, placeOf } = pictureOf({ shape: size, data }, axes, from, layout);
    assert.deepEqual([plane.width, plane.height], [15, 31]);
    // Output 2, input 1, row 1, column 2 of the window.
    const cell = (2 * 4 + 1) * 15 + 4 + 2;
    assert.equal(plane.values[cell], (2 * 4 + 1) * 9 + 5);
    assert.deepEqual(placeOf(cell), [34, 17, 1, 1, 2]);
    assert.equal(placeOf(3), undefined);
  });

  it('shows matrices whole as far as they go, kernels of one value among them', () => {
    assert.deepEqual(layoutOf([1, 1, 70, 30], ['row', 'column', 'input', 'output']), {
      rows: 2,
      columns: 3,
      others: [],
    });
    assert.deepEqual(layoutOf([5], ['output']), { columns: 0, others: [] });
    const large = [31, 31, 512, 512];
    const layout = layoutOf(large, ['row', 'column', 'input', 'output']);
    assert.ok(pageOf(large, layout, 2) ** 2 * 961 <= 2 ** 14);
  });
});
