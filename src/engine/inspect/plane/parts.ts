/** What the questions about two-dimensional flows have in common. */
import { UserError } from '../../../base/user-error';
import type { PlaneBounds } from '../../../protocol/plane';
import type { NdArray } from '../../../protocol/tensors';
import type { Program } from '../../backends/backend';
import type { InspectedFlow } from '../../model/inspected-flow';
import { inBatches } from '../../model/latents';
import { rowsOf } from '../through-batch';
import { checkWhole, type Inquiry } from '../inquiry';

/** The latent grid reaches as far as nearly all of a standard normal. */
const gridReach = 3.5;

/** @throws UserError for flows that are not of two dimensions */
export function checkPlane(model: InspectedFlow): void {
  if (model.flow.inputShape.join() !== '2')
    throw new UserError('The plane is for flows of two features; this one has others.');
}

/** @throws UserError for a number of layers that the flow does not have */
export function checkStage(model: InspectedFlow, stage: number): void {
  checkWhole(stage, 0, model.layers.length, `The plane after ${stage} layers was asked for; the flow has`);
}

export function checkGrid(grid: number): void {
  checkWhole(grid, 2, 200, `A grid of ${grid} nodes a side was asked for; expected`);
}

export function checkPixels(pixels: number): void {
  checkWhole(pixels, 2, 512, `A density of ${pixels} pixels a side was asked for; expected`);
}

/** Values on the way back to x after this many layers, as these layers give them on the way to z. */
export function onTheWay(
  { turned }: InspectedFlow,
  way: ReadonlyMap<string, NdArray<Float32Array>>,
  stage: number,
): NdArray<Float32Array> {
  const values = way.get(String(stage))!;
  const order = turned?.[stage];
  if (!order) return values;
  const { shape, data } = values;
  const width = order.length;
  return { shape, data: data.map((_, i) => data[i - (i % width) + order[i % width]!]!) };
}

/**
 * Runs a program over rows in parts and joins its outputs.
 * @param context of each row, where these have their own
 */
export async function inParts(
  { model, signal }: Inquiry,
  program: Program,
  input: string,
  { shape, data }: NdArray<Float32Array>,
  context?: Float32Array,
): Promise<Map<string, NdArray<Float32Array>>> {
  const [count, size] = shape as [number, number];
  const joined = new Map<string, NdArray<Float32Array>>();
  await inBatches(count, model.runner, { signal }, async (start, n) => {
    const result = await program.run({
      [input]: { shape: [n, size], data: data.subarray(size * start, size * (start + n)) },
      ...(context ? { context: rowsOf(context, count, start, n) } : {}),
    });
    for (const [name, value] of Object.entries(result)) {
      const width = value.data.length / n;
      const to =
        joined.get(name) ??
        ({
          shape: [count, ...value.shape.slice(1)],
          data: new Float32Array(count * width),
        } satisfies NdArray);
      to.data.set(value.data, start * width);
      joined.set(name, to);
    }
  });
  return joined;
}

/** Nodes of the grid in z, row by row from the lowest second coordinate: [nodes², 2]. */
export function latentGrid(nodes: number): NdArray<Float32Array> {
  const at = (i: number): number => -gridReach + (2 * gridReach * i) / (nodes - 1);
  const data = new Float32Array(nodes * nodes * 2);
  for (let row = 0; row < nodes; row++) {
    for (let column = 0; column < nodes; column++) {
      data[2 * (row * nodes + column)] = at(column);
      data[2 * (row * nodes + column) + 1] = at(row);
    }
  }
  return { shape: [nodes * nodes, 2], data };
}

/** Middles of the cells of a square, row 0 at the top: [pixels², 2]. */
export function pixelCentres({ x, y }: PlaneBounds, pixels: number): NdArray<Float32Array> {
  const data = new Float32Array(pixels * pixels * 2);
  for (let row = 0; row < pixels; row++) {
    for (let column = 0; column < pixels; column++) {
      const i = 2 * (row * pixels + column);
      data[i] = x[0] + ((x[1] - x[0]) * (column + 0.5)) / pixels;
      data[i + 1] = y[1] - ((y[1] - y[0]) * (row + 0.5)) / pixels;
    }
  }
  return { shape: [pixels * pixels, 2], data };
}
