/** The drawn points and what can be taken back: plain data, every change makes a new state. */
import { mostPoints } from '../../src/protocol/draw-page';

/** x, y, x, y, … */
export type Points = readonly number[];

export interface Drawing {
  points: Points;
  past: readonly Points[];
  future: readonly Points[];
}

/** Changes that can be taken back. */
const kept = 100;

export const emptyDrawing: Drawing = { points: [], past: [], future: [] };

/** A change that can be taken back; nothing where nothing changed. */
export function changed(drawing: Drawing, points: Points): Drawing {
  if (points === drawing.points) return drawing;
  return { points, past: [...drawing.past, drawing.points].slice(-kept), future: [] };
}

export function undone(drawing: Drawing): Drawing {
  const points = drawing.past.at(-1);
  if (!points) return drawing;
  return { points, past: drawing.past.slice(0, -1), future: [drawing.points, ...drawing.future] };
}

export function redone(drawing: Drawing): Drawing {
  const [points, ...future] = drawing.future;
  if (!points) return drawing;
  return { points, past: [...drawing.past, drawing.points], future };
}

/** `count` points evenly over a disc, within the plane of ±`reach`; as many as there is room for. */
export function sprayed(
  points: Points,
  [x, y]: readonly [number, number],
  radius: number,
  count: number,
  reach: number,
  random: () => number = Math.random,
): Points {
  const room = Math.min(count, mostPoints - points.length / 2);
  if (room <= 0) return points;
  const added: number[] = [];
  const within = (value: number): number => Math.min(reach, Math.max(-reach, value));
  for (let i = 0; i < room; i++) {
    const distance = radius * Math.sqrt(random());
    const angle = 2 * Math.PI * random();
    added.push(within(x + distance * Math.cos(angle)), within(y + distance * Math.sin(angle)));
  }
  return [...points, ...added];
}

/** Without those in the disc. */
export function erased(points: Points, [x, y]: readonly [number, number], radius: number): Points {
  const left: number[] = [];
  for (let i = 0; i < points.length; i += 2)
    if (Math.hypot(points[i]! - x, points[i + 1]! - y) > radius) left.push(points[i]!, points[i + 1]!);
  return left.length === points.length ? points : left;
}

/** Moved and scaled alike in both directions so that they fill the plane of ±`reach` but for a margin. */
export function fitted(points: ArrayLike<number>, reach: number): Points {
  const range = (offset: number): [number, number] => {
    let low = Infinity;
    let high = -Infinity;
    for (let i = offset; i < points.length; i += 2) {
      low = Math.min(low, points[i]!);
      high = Math.max(high, points[i]!);
    }
    return [low, high];
  };
  if (points.length === 0) return [];
  const [x, y] = [range(0), range(1)];
  const half = Math.max(x[1] - x[0], y[1] - y[0], 1e-6) / 2;
  const scale = (0.9 * reach) / half;
  return Array.from(points, (value, i) => {
    const [low, high] = i % 2 === 0 ? x : y;
    return scale * (value - (low + high) / 2);
  });
}
