/** The latents of each scale as one map, at the places in the picture where they leave. */
import type { LatentsView } from '../../../src/protocol/latents';

export type LatentMap = ReturnType<typeof latentMaps>[number];

/**
 * Rows, columns and channels that a scale does not use are left out, so that coarse scales are small maps and no grids of
 * gaps. Channels are side by side, as close to a square as possible.
 */
export function latentMaps(view: LatentsView) {
  const { z, scales } = view;
  const all = Array.from(z.keys());
  const last = scales ? Math.max(...new Set(scales)) : 0;
  return Array.from({ length: last + 1 }, (_, scale) => {
    const scaleElements = scales ? all.filter((element) => scales[element] === scale) : all;
    const at = scaleElements.map((element) => ({ element, ...placeIn(view, element) }));
    const rows = order(at.map(({ row }) => row));
    const columns = order(at.map(({ column }) => column));
    const planes = order(at.map(({ channel }) => channel));
    const across = Math.ceil(Math.sqrt(planes.size));
    const mapWidth = Math.max(1, across * columns.size);
    const mapHeight = Math.max(1, Math.ceil(planes.size / Math.max(1, across)) * rows.size);
    /** Element of z in each cell, row-major; −1 where the scale has none. */
    const elements = new Int32Array(mapWidth * mapHeight).fill(-1);
    for (const { element, row, column, channel } of at) {
      const plane = planes.get(channel)!;
      const y = Math.floor(plane / across) * rows.size + rows.get(row)!;
      const x = (plane % across) * columns.size + columns.get(column)!;
      elements[y * mapWidth + x] = element;
    }
    return {
      /** Zero-based; undefined where scales are not known. */
      ...(scales ? { scale } : {}),
      width: mapWidth,
      height: mapHeight,
      elements,
      count: scaleElements.length,
    };
  }).filter(({ count }) => count > 0);
}

/** Where an element of z leaves in the picture. */
export function placeIn({ shape: [, width = 1, channels = 1], places }: LatentsView, element: number) {
  const place = places?.[element] ?? element;
  const pixel = Math.floor(place / channels);
  return { row: Math.floor(pixel / width), column: pixel % width, channel: place % channels };
}

/** Each distinct number with its rank. */
function order(numbers: readonly number[]): Map<number, number> {
  return new Map([...new Set(numbers)].sort((a, b) => a - b).map((number, rank) => [number, rank]));
}

/** The `count` elements farthest from zero, farthest first. */
export function farthest(z: ArrayLike<number>, count: number): number[] {
  return Array.from({ length: z.length }, (_, i) => i)
    .sort((a, b) => Math.abs(z[b]!) - Math.abs(z[a]!) || a - b)
    .slice(0, count);
}
