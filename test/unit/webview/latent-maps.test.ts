/** Which cell of which map an element of z stands in. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { farthest, latentMaps } from '../../../webview/features/latents/latent-maps';

describe('maps of latents', () => {
  it('leave rows and columns out that a scale does not use, and keep every element once', () => {
    // 4×4 pixels: the odd rows leave first, of the rest the odd columns, then what is left.
    const scales = Int32Array.from({ length: 16 }, (_, i) => (Math.floor(i / 4) % 2 ? 0 : i % 2 ? 1 : 2));
    const maps = latentMaps({ shape: [4, 4, 1], z: new Float32Array(16), scales });
    assert.deepEqual(
      maps.map(({ scale, width, height, count }) => [scale, width, height, count]),
      [
        [0, 4, 2, 8],
        [1, 2, 2, 4],
        [2, 2, 2, 4],
      ],
    );
    assert.deepEqual([...maps[0]!.elements], [4, 5, 6, 7, 12, 13, 14, 15]);
    assert.deepEqual([...maps[1]!.elements], [1, 3, 9, 11]);
    assert.deepEqual([...maps[2]!.elements], [0, 2, 8, 10]);
  });

  it('follow the places of the elements, with gaps where a scale has none', () => {
    const [map, other] = latentMaps({
      shape: [2, 2, 1],
      z: new Float32Array(4),
      scales: Int32Array.of(0, 1, 0, 1),
      // Element 0 is at the lower right, 2 at the upper left: a diagonal.
      places: Int32Array.of(3, 1, 0, 2),
    });
    assert.deepEqual([...map!.elements], [2, -1, -1, 0]);
    assert.deepEqual([...other!.elements], [-1, 1, 3, -1]);
  });

  it('have channels side by side, and are one where scales are not known', () => {
    const [map, ...none] = latentMaps({ shape: [1, 2, 3], z: new Float32Array(6) });
    assert.equal(none.length, 0);
    assert.deepEqual([map!.scale, map!.width, map!.height], [undefined, 4, 2]);
    // Channels 0 and 1 above, channel 2 below, and a place without one.
    assert.deepEqual([...map!.elements], [0, 3, 1, 4, 2, 5, -1, -1]);
  });

  it('name those farthest from zero, of equal ones the first', () => {
    assert.deepEqual(farthest(Float32Array.of(0.5, -2, 2, 0), 3), [1, 2, 0]);
  });
});
