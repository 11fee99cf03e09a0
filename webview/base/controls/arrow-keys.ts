/** Steps of the arrow keys, and where they lead over the cells of a map. */

const arrows: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** In a plane, whose y grows upwards; undefined for other keys. */
export function planeStep(key: string): readonly [x: number, y: number] | undefined {
  return Object.hasOwn(arrows, key) ? arrows[key] : undefined;
}

/** In a map, whose rows grow downwards; undefined for other keys. */
export function cellStep(key: string): readonly [row: number, column: number] | undefined {
  const step = planeStep(key);
  return step && [0 - step[1], step[0]];
}

/** In a row of `count` things from the one at `at`, beyond whose last is its first; undefined for other keys. */
export function rowStep(key: string, at: number, count: number): number | undefined {
  if (key === 'Home') return 0;
  if (key === 'End') return count - 1;
  const by = { ArrowLeft: -1, ArrowRight: 1 }[key];
  return by && (at + by + count) % count;
}

/** The next cell in this direction that is one; undefined at the edge. */
export function nextCell(
  from: number,
  [down, right]: readonly [row: number, column: number],
  { width, height }: { width: number; height: number },
  isCell: (index: number) => boolean,
): number | undefined {
  let row = Math.floor(from / width) + down;
  let column = (from % width) + right;
  for (; row >= 0 && row < height && column >= 0 && column < width; row += down, column += right) {
    if (isCell(row * width + column)) return row * width + column;
  }
  return undefined;
}
