import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { mapSizes } from '../../../webview/features/activations/map-sizes';

const tall = ({ frame, histogram, columns }: ReturnType<typeof mapSizes>, tensors: number): number =>
  Math.ceil(tensors / columns) * (frame + histogram);

it('fills the height that a panel leaves for the maps of a layer, and no more', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 376, max: 1200 }),
      fc.integer({ min: 200, max: 1100 }),
      fc.integer({ min: 1, max: 4 }),
      (width, height, tensors) => {
        const sizes = mapSizes({ width, height }, tensors, 260);
        assert.ok(sizes.frame <= sizes.column, 'a map is no wider than its column');
        assert.ok(sizes.columns * sizes.column <= width, 'columns stand side by side');
        const left = height - 260;
        // The smallest that can be read is 64 pixels of map over 26 of histogram.
        assert.ok(tall(sizes, tensors) <= Math.max(left, Math.ceil(tensors / sizes.columns) * 90) + 1);
      },
    ),
  );
});

it('keeps x, s, t and y on one line, but two by two where that is tall and narrow', () => {
  assert.equal(mapSizes({ width: 376, height: 420 }, 4, 260).columns, 4);
  assert.equal(mapSizes({ width: 376, height: 900 }, 4, 260).columns, 2);
  assert.ok(mapSizes({ width: 900, height: 800 }, 4, 260).frame > 180, 'maps grow with the room');
});
