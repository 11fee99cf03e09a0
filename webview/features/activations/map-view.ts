/** The part of a layer's maps that is seen: the same share of each, so that maps of other sizes follow. */
import type { Plane } from '../../base/canvas/planes';

export interface MapView {
  /** Shares of the whole map. */
  left: number;
  top: number;
  span: number;
}

export const wholeMap: MapView = { left: 0, top: 0, span: 1 };

/** Cells a side that stay in view however far one zooms in. */
const fewestCells = 2;

/**
 * @param factor above 1 shows less
 * @param at what keeps its place, as shares of what is seen
 * @param cells of the longest side of the map
 */
export function zoomed(view: MapView, factor: number, cells: number, at = { x: 0.5, y: 0.5 }): MapView {
  const span = Math.min(1, Math.max(Math.min(1, fewestCells / cells), view.span / factor));
  return placed({
    left: view.left + at.x * (view.span - span),
    top: view.top + at.y * (view.span - span),
    span,
  });
}

/** @param right and `down` as shares of what is seen */
export function panned(view: MapView, right: number, down: number): MapView {
  return placed({ ...view, left: view.left + right * view.span, top: view.top + down * view.span });
}

/** The same view, moved as little as it takes for a cell to be seen. */
export function showing(view: MapView, row: number, column: number, height: number, width: number): MapView {
  const inside = (first: number, length: number, i: number): number =>
    Math.min(i / length, Math.max((i + 1) / length - view.span, first));
  return placed({ ...view, left: inside(view.left, width, column), top: inside(view.top, height, row) });
}

function placed({ left, top, span }: MapView): MapView {
  const within = (value: number): number => Math.min(1 - span, Math.max(0, value));
  return { left: within(left), top: within(top), span };
}

/** Whole cells that the view shows of a map. */
export function windowOf({ left, top, span }: MapView, height: number, width: number) {
  const rows = Math.max(1, Math.round(span * height));
  const columns = Math.max(1, Math.round(span * width));
  return {
    row: Math.min(height - rows, Math.round(top * height)),
    column: Math.min(width - columns, Math.round(left * width)),
    height: rows,
    width: columns,
  };
}

/** What a window shows of a plane; windows of more than `most` cells a side as means of blocks. */
export function cut({ width, values }: Plane, window: ReturnType<typeof windowOf>, most: number) {
  const block = Math.ceil(Math.max(window.height, window.width) / most);
  const rows = Math.ceil(window.height / block);
  const columns = Math.ceil(window.width / block);
  const sums = new Float64Array(rows * columns);
  const counts = new Float64Array(rows * columns);
  for (let h = 0; h < window.height; h++) {
    for (let w = 0; w < window.width; w++) {
      const to = Math.floor(h / block) * columns + Math.floor(w / block);
      sums[to]! += values[(window.row + h) * width + window.column + w]!;
      counts[to]!++;
    }
  }
  return {
    plane: { width: columns, height: rows, values: Float32Array.from(sums, (sum, i) => sum / counts[i]!) },
    block,
  };
}
