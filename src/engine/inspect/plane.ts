import { UserError } from '../../config/user-error';
import type { PlaneQuery, PlaneView } from '../../protocol/inspect';
import type { NdArray } from '../../protocol/tensors';
import type { Program } from '../backends/backend';
import { batchOf } from '../model/examples';
import type { InspectedFlow } from '../model/inspected-flow';
import { batchSize } from '../use/batches';
import { sample } from '../use/sample';
import { breathe } from './pass';

/** The latent grid reaches as far as nearly all of a standard normal. */
const gridReach = 3.5;
const sampleCount = 2000;

/** @throws UserError for flows that are not of two dimensions */
export async function plane(
  model: InspectedFlow,
  query: PlaneQuery,
  signal: AbortSignal,
): Promise<PlaneView> {
  if (model.flow.inputShape.join() !== '2') {
    throw new UserError('The plane is for flows of two features; this one has others.');
  }
  const { grid, pixels } = query;
  if (!(Number.isInteger(grid) && grid >= 2 && grid <= 200)) {
    throw new UserError(`A grid of ${grid} nodes a side was asked for; expected 2 to 200.`);
  }
  if (!(Number.isInteger(pixels) && pixels >= 2 && pixels <= 512)) {
    throw new UserError(`A density of ${pixels} pixels a side was asked for; expected 2 to 512.`);
  }
  const { x, count } = await batchOf(model, query.batch);
  const data: NdArray<Float32Array> = { shape: [count, 2], data: x };
  const layers = model.layers.length;

  const points = await inParts(model, await model.programs.points(), 'x', data, signal);
  const latent = latentGrid(grid);
  const back = await inParts(model, await model.programs.way(), 'z', latent, signal);
  const bounds = boundsOf(x);
  const density = await inParts(
    model,
    await model.programs.density(),
    'x',
    pixelCentres(bounds, pixels),
    signal,
  );
  const { x: samples } = await sample(
    model.runner,
    { count: sampleCount, seed: query.seed, temperature: query.temperature },
    { signal },
  );
  const labels = await labelsOf(model, query, count);
  const square = ({ data: values }: NdArray<Float32Array>): NdArray<Float32Array> => ({
    shape: [grid, grid, 2],
    data: values,
  });
  return {
    points: [data, ...Array.from({ length: layers }, (_, i) => points.get(String(i))!)],
    ...(labels ? { labels } : {}),
    grids: [...Array.from({ length: layers }, (_, i) => square(back.get(String(i))!)), square(latent)],
    density: { shape: [pixels, pixels], data: density.get('density')!.data },
    bounds,
    samples,
  };
}

/** Runs a program over rows in parts and joins its outputs. */
async function inParts(
  model: InspectedFlow,
  program: Program,
  input: string,
  { shape, data }: NdArray<Float32Array>,
  signal: AbortSignal,
): Promise<Map<string, NdArray<Float32Array>>> {
  const count = shape[0]!;
  const part = batchSize(model.flow.inputShape);
  const joined = new Map<string, NdArray<Float32Array>>();
  for (let start = 0; start < count; start += part) {
    await breathe(signal);
    const n = Math.min(part, count - start);
    const result = await program.run({
      [input]: { shape: [n, 2], data: data.subarray(2 * start, 2 * (start + n)) },
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
  }
  return joined;
}

function latentGrid(nodes: number): NdArray<Float32Array> {
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

/** A square around the data with a margin. */
function boundsOf(x: Float32Array): PlaneView['bounds'] {
  const range = (offset: number): [number, number] => {
    let low = Infinity;
    let high = -Infinity;
    for (let i = offset; i < x.length; i += 2) {
      if (!Number.isFinite(x[i])) continue;
      low = Math.min(low, x[i]!);
      high = Math.max(high, x[i]!);
    }
    return low <= high ? [low, high] : [-3, 3];
  };
  const ranges = [range(0), range(1)] as const;
  const half = 0.575 * Math.max(...ranges.map(([low, high]) => high - low), 1e-6);
  const around = ([low, high]: [number, number]): [number, number] => [
    (low + high) / 2 - half,
    (low + high) / 2 + half,
  ];
  return { x: around(ranges[0]), y: around(ranges[1]) };
}

/** Row 0 at the top. */
function pixelCentres({ x, y }: PlaneView['bounds'], pixels: number): NdArray<Float32Array> {
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

async function labelsOf(
  model: InspectedFlow,
  { batch }: PlaneQuery,
  count: number,
): Promise<(number | null)[] | undefined> {
  if (batch.split === 'sample') return undefined;
  const { labels } = (await model.data.open())[batch.split];
  return labels && Array.from({ length: count }, (_, i) => labels.at(i) ?? null);
}
