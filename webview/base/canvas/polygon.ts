/** The latent grid bent by the layers: its cells, and how much area each takes. */
import type { NdArray } from '../../../src/protocol/tensors';

export interface Cell {
  /** Corners x, y in order around the cell. */
  corners: [number, number, number, number, number, number, number, number];
  /** log(area here / area in z), nats. */
  logArea: number;
  /** The straight-edged drawing of the cell crosses itself or turns over: too coarse to show. */
  folded: boolean;
}

/** `grid` and `flat` are [n, n, 2]; `flat` is the same grid in latent space. */
export function gridCells(grid: NdArray<Float32Array>, flat: NdArray<Float32Array>): Cell[] {
  const n = grid.shape[0]!;
  const area = (nodes: NdArray<Float32Array>, i: number, j: number) => {
    const at = (r: number, c: number): [number, number] => {
      const k = (r * n + c) * 2;
      return [nodes.data[k]!, nodes.data[k + 1]!];
    };
    const corners = [...at(i, j), ...at(i, j + 1), ...at(i + 1, j + 1), ...at(i + 1, j)] as Cell['corners'];
    let sum = 0;
    for (let k = 0; k < 4; k++) {
      const m = (k + 1) % 4;
      sum += corners[2 * k]! * corners[2 * m + 1]! - corners[2 * m]! * corners[2 * k + 1]!;
    }
    return { corners, area: sum / 2 };
  };
  const cells: Cell[] = [];
  let sign = 0;
  for (let i = 0; i + 1 < n; i++) {
    for (let j = 0; j + 1 < n; j++) {
      const here = area(grid, i, j);
      const there = area(flat, i, j);
      const ratio = here.area / there.area;
      sign += Math.sign(ratio);
      cells.push({ corners: here.corners, logArea: Math.log(Math.abs(ratio)), folded: ratio < 0 });
    }
  }
  // A flow may mirror the whole plane; then the cells of the other sign are the folded ones.
  if (sign < 0) for (const cell of cells) cell.folded = !cell.folded;
  return cells;
}
