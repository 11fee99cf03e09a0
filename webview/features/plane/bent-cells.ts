/** The cells of the latent grid as they are drawn: those that are too coarse give way to their parts. */
import type { PlaneView } from '../../../src/protocol/inspect';
import type { PlaneCells } from '../../../src/protocol/plane';
import type { NdArray } from '../../../src/protocol/tensors';
import { gridCells, type Cell } from '../../base/canvas/polygon';

export type BentCells = ReturnType<typeof bentCells>;

/** @param divided of this stage; absent while it is not known, or between stages */
export function bentCells(grid: NdArray<Float32Array>, flat: NdArray<Float32Array>, divided?: PlaneCells) {
  const all = gridCells(grid, flat);
  const replaced = new Set(divided?.replaced);
  const cells = all.filter((_, i) => !replaced.has(i));
  if (divided) {
    divided.logAreas.forEach((logArea, i) => {
      const corners = [...divided.corners.data.subarray(8 * i, 8 * i + 8)] as Cell['corners'];
      cells.push({ corners, logArea, folded: false });
    });
  }
  const drawn = cells.filter(({ folded, logArea }) => !folded && Number.isFinite(logArea));
  return {
    cells: drawn,
    /** What still turns over: parts, or cells while their parts are not there. */
    folded: (divided?.folded ?? 0) + cells.length - drawn.length,
    /** ln of area against the flat cell, nats; of every cell that is drawn, ascending. */
    areas: drawn.map(({ logArea }) => logArea).sort((a, b) => a - b),
  };
}

/** The cells of a stage; `parts` may be of another one. */
export function cellsOf(view: PlaneView, stage: number, parts: PlaneCells | undefined) {
  const grid = view.grids[stage];
  const flat = view.grids.at(-1);
  return grid && flat ? bentCells(grid, flat, parts?.stage === stage ? parts : undefined) : undefined;
}
