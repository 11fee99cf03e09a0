/**
 * Cells of the latent grid that a layer bends so much that straight edges misdraw them, divided until they do not.
 * A cell of a smooth map is nearly a parallelogram when it is small enough: its four corner triangles are alike.
 */
import {
  stageBounds,
  type PlaneBounds,
  type PlaneCells,
  type PlaneCellsQuery,
} from '../../../protocol/plane';
import { breathe } from '../../model/breathe';
import { pointsAt } from './density';
import { checkGrid, checkPlane, checkStage, inParts, latentGrid, onTheWay } from './parts';
import { checkWhole, type Inquiry } from '../inquiry';

/** Divisions of a cell, each into four. */
const deepest = 6;
/** Parts that one answer may have; a screen has no room for more. */
const limit = 20_000;
/** Shares of the frame: cells with shorter edges need no dividing, those with longer ones always do. */
const fine = 1 / 100;
const coarse = 1 / 12;
/** Ratio of a cell's corner triangles above which its edges are bent. */
const bent = 2;

interface Cell {
  quad: Quad;
  /** x, y around the cell, from (u, v) along u first. */
  corners: Float32Array;
}

interface Quad {
  /** Cell of the grid that it is a part of. */
  cell: number;
  /** Corner (u, v) in z and side of the square. */
  u: number;
  v: number;
  side: number;
}

/** @throws UserError for flows of other dimensions, stages and grids that there are not, CancelledError */
export async function planeCells(
  inquiry: Inquiry,
  { batch, stage, grid, most }: PlaneCellsQuery,
): Promise<PlaneCells> {
  const { model, signal } = inquiry;
  checkPlane(model);
  checkStage(model, stage);
  checkGrid(grid);
  checkWhole(most, 0, limit, `Up to ${most} parts of cells were asked for; expected`);
  const last = model.layers.length;
  const none: PlaneCells = {
    stage,
    replaced: new Int32Array(),
    corners: { shape: [0, 8], data: new Float32Array() },
    logAreas: new Float32Array(),
    folded: 0,
  };
  if (stage === last) return none;
  const bounds = stageBounds(await pointsAt(inquiry, batch, stage), stage, last);
  const way = await model.programs.way();
  const latent = latentGrid(grid);
  const start = latent.data[0]!;
  const step = latent.data[2]! - start;
  const here = async (z: Float32Array): Promise<Float32Array> =>
    onTheWay(model, await inParts(inquiry, way, 'z', { shape: [z.length / 2, 2], data: z }), stage).data;

  // The grid itself.
  const nodes = await here(latent.data);
  const cells = grid - 1;
  const first: Cell[] = [];
  let turned = 0;
  for (let row = 0; row < cells; row++) {
    for (let column = 0; column < cells; column++) {
      const corners = new Float32Array(8);
      [
        [row, column],
        [row, column + 1],
        [row + 1, column + 1],
        [row + 1, column],
      ].forEach(([r, c], k) => {
        const i = 2 * (r! * grid + c!);
        corners.set(nodes.subarray(i, i + 2), 2 * k);
      });
      turned += Math.sign(areaOf(corners));
      const quad = {
        cell: row * cells + column,
        u: start + column * step,
        v: start + row * step,
        side: step,
      };
      first.push({ quad, corners });
    }
  }
  // A flow may mirror the whole plane.
  const sign = turned < 0 ? -1 : 1;

  const replaced = new Set<number>();
  const leaves: { corners: Float32Array; logArea: number }[] = [];
  let folded = 0;
  const finish = ({ quad, corners }: Cell): void => {
    const ratio = (sign * areaOf(corners)) / quad.side ** 2;
    if (ratio > 0) leaves.push({ corners, logArea: Math.log(ratio) });
    else folded++;
  };
  const measured = (cell: Cell): Cell & { need: number } => ({
    ...cell,
    need: needOf(cell.corners, bounds, sign),
  });
  let parents = first
    .map(measured)
    .filter(({ need }) => need > 0)
    .sort((one, other) => other.need - one.need)
    .slice(0, Math.floor(most / 4));
  for (const { quad } of parents) replaced.add(quad.cell);
  for (let depth = 1; parents.length > 0; depth++) {
    await breathe(signal);
    const children = await divided(parents, here);
    const next: (Cell & { need: number })[] = [];
    for (const child of children.map(measured)) {
      if (child.need > 0 && depth < deepest) next.push(child);
      else finish(child);
    }
    // Each that is divided makes three more; where that is too many, those that need it least stay as they are.
    const room = Math.max(0, Math.floor((most - leaves.length - folded - next.length) / 3));
    next.sort((one, other) => other.need - one.need);
    next.splice(room).forEach(finish);
    parents = next;
  }
  const all = new Float32Array(8 * leaves.length);
  leaves.forEach(({ corners }, i) => all.set(corners, 8 * i));
  return {
    stage,
    replaced: Int32Array.from(replaced).sort(),
    corners: { shape: [leaves.length, 8], data: all },
    logAreas: Float32Array.from(leaves, ({ logArea }) => logArea),
    folded,
  };
}

/** Twice the signed area of the triangle at corner k. */
function cornerArea(corners: Float32Array, k: number): number {
  const at = (i: number): [number, number] => [corners[2 * (i & 3)]!, corners[2 * (i & 3) + 1]!];
  const [x, y] = at(k);
  const [ax, ay] = at(k + 1);
  const [bx, by] = at(k + 3);
  return (ax - x) * (by - y) - (ay - y) * (bx - x);
}

/** Signed area of the straight-edged cell. */
function areaOf(corners: Float32Array): number {
  return (cornerArea(corners, 0) + cornerArea(corners, 2)) / 2;
}

/** Divides each into four, along both axes of z; corners that are known are not computed again. */
async function divided(
  parents: readonly Cell[],
  here: (z: Float32Array) => Promise<Float32Array>,
): Promise<Cell[]> {
  const z = new Float32Array(10 * parents.length);
  parents.forEach(({ quad: { u, v, side } }, i) => {
    const half = side / 2;
    // Middles of the four edges in order, and of the cell.
    z.set([u + half, v, u + side, v + half, u + half, v + side, u, v + half, u + half, v + half], 10 * i);
  });
  const values = await here(z);
  return parents.flatMap(({ quad: { cell, u, v, side }, corners }, i): Cell[] => {
    const corner = (k: number): Float32Array => corners.subarray(2 * k, 2 * k + 2);
    const edge = (k: number): Float32Array => values.subarray(10 * i + 2 * k, 10 * i + 2 * k + 2);
    const around = [
      [corner(0), edge(0), edge(4), edge(3)],
      [edge(0), corner(1), edge(1), edge(4)],
      [edge(4), edge(1), corner(2), edge(2)],
      [edge(3), edge(4), edge(2), corner(3)],
    ];
    return around.map((points, k) => {
      const flat = new Float32Array(8);
      points.forEach((point, m) => flat.set(point, 2 * m));
      const right = k === 1 || k === 2;
      const half = side / 2;
      return { quad: { cell, u: right ? u + half : u, v: k >= 2 ? v + half : v, side: half }, corners: flat };
    });
  });
}

/** How much a cell needs to be divided: 0 not at all, more where its drawing is more wrong; folded cells first. */
function needOf(corners: Float32Array, { x, y }: PlaneBounds, sign: number): number {
  const size = x[1] - x[0];
  const xs = [0, 2, 4, 6].map((k) => corners[k]!);
  const ys = [1, 3, 5, 7].map((k) => corners[k]!);
  if (![...xs, ...ys].every(Number.isFinite)) return 0;
  // What lies outside of the frame is not seen.
  if (Math.max(...xs) < x[0] || Math.min(...xs) > x[1]) return 0;
  if (Math.max(...ys) < y[0] || Math.min(...ys) > y[1]) return 0;
  let longest = 0;
  for (let k = 0; k < 4; k++) {
    const m = (k + 1) % 4;
    longest = Math.max(longest, Math.hypot(xs[m]! - xs[k]!, ys[m]! - ys[k]!) / size);
  }
  const areas = [0, 1, 2, 3].map((k) => sign * cornerArea(corners, k));
  const least = Math.min(...areas);
  if (least <= 0) return longest > 0.2 * fine ? 1 + longest : 0;
  if (longest < fine) return 0;
  return longest > coarse || Math.max(...areas) > bent * least ? Math.min(1, longest) : 0;
}
