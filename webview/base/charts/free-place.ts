/** Where the name of a line across a chart hides least of what is drawn there. */

type Point = readonly [x: number, y: number];

/** Points along the way from one to the next, close enough that no word fits between two. */
export function along(points: readonly Point[]): Point[] {
  return points.flatMap(([x, y], i) => {
    const [fromX, fromY] = points[i - 1] ?? [x, y];
    const parts = Math.max(1, Math.ceil(Math.hypot(x - fromX, y - fromY) / 4));
    return Array.from({ length: parts }, (_, k): Point => {
      const share = (k + 1) / parts;
      return [fromX + (x - fromX) * share, fromY + (y - fromY) * share];
    });
  });
}

/**
 * The end and the base line of a name of this width, below or above a line at height `line`: at the right, unless it would
 * lie over more of the points there than elsewhere.
 */
export function freePlace(
  points: readonly Point[],
  line: number,
  { width, left, right, top, base }: Record<'width' | 'left' | 'right' | 'top' | 'base', number>,
): { x: number; y: number } {
  const height = 10;
  const heights = [line + 2 + height, line - 4, line - 16].filter((y) => y <= base - 2 && y - height >= top);
  const ends = Array.from(
    { length: Math.max(1, Math.floor((right - left - width) / 8)) },
    (_, i) => right - 2 - 8 * i,
  );
  const places = ends.flatMap((x) => (heights.length > 0 ? heights : [line - 4]).map((y) => ({ x, y })));
  const margin = 3;
  const hidden = ({ x, y }: { x: number; y: number }): number =>
    points.filter(
      ([px, py]) => px > x - width - margin && px < x + margin && py > y - height - margin && py < y + margin,
    ).length;
  return places.reduce((best, place) => (hidden(place) < hidden(best) ? place : best));
}
