/** The cells of the latent grid as they are drawn: those that are too coarse give way to their parts. */
import type { PlaneView } from '../../../src/protocol/inspect';
import type { PlaneCells } from '../../../src/protocol/plane';
import type { NdArray } from '../../../src/protocol/tensors';
import { gridCells, type Cell } from '../../base/canvas/polygon';

export interface BentCells {
  cells: Cell[];
  /** What still turns over: parts, or cells while their parts are not there. */
  folded: number;
  /** ln of area against the flat cell, nats; of every cell that is drawn, ascending. */
  areas: number[];
}

/** @param divided of this stage; absent while it is not known, or between stages */
export function bentCells(
  grid: NdArray<Float32Array>,
  flat: NdArray<Float32Array>,
  divided?: PlaneCells,
): BentCells {
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
    folded: (divided?.folded ?? 0) + cells.length - drawn.length,
    areas: drawn.map(({ logArea }) => logArea).sort((a, b) => a - b),
  };
}

/** The cells of a stage; `parts` may be of another one. */
export function cellsOf(
  view: PlaneView,
  stage: number,
  parts: PlaneCells | undefined,
): BentCells | undefined {
  const grid = view.grids[stage];
  const flat = view.grids.at(-1);
  return grid && flat ? bentCells(grid, flat, parts?.stage === stage ? parts : undefined) : undefined;
}
