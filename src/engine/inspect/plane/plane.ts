import { extentOf } from '../../../base/rows';
import type { PlaneQuery, PlaneView } from '../../../protocol/inspect';
import type { NdArray } from '../../../protocol/tensors';
import { squareOf } from '../../../protocol/plane';
import { planeSamples } from '../../../protocol/questions';
import { batchOf } from '../../model/examples';
import type { InspectedFlow } from '../../model/inspected-flow';
import { sample } from '../../use/sample';
import { checkGrid, checkPixels, checkPlane, inParts, latentGrid, onTheWay, pixelCentres } from './parts';
import type { Inquiry } from '../inquiry';

/** @throws UserError for flows that are not of two dimensions */
export async function plane(inquiry: Inquiry, query: PlaneQuery): Promise<PlaneView> {
  const { model, signal } = inquiry;
  checkPlane(model);
  const { grid, pixels } = query;
  checkGrid(grid);
  checkPixels(pixels);
  const { x, count, context } = await batchOf(model, query.batch);
  const data: NdArray<Float32Array> = { shape: [count, 2], data: x };
  const layers = model.layers.length;

  const points = await inParts(inquiry, await model.programs.points(), 'x', data, context);
  const latent = latentGrid(grid);
  const back = await inParts(inquiry, await model.programs.way(), 'z', latent);
  const bounds = boundsOf(x);
  const density = await inParts(inquiry, await model.programs.density(), 'x', pixelCentres(bounds, pixels));
  const { x: samples } = await sample(
    model.runner,
    {
      count: planeSamples,
      seed: query.seed,
      temperature: query.temperature,
      ...(query.truncations ? { truncations: query.truncations } : {}),
    },
    { signal, unrounded: true },
  );
  const labels = await labelsOf(model, query, count);
  const square = ({ data: values }: NdArray<Float32Array>): NdArray<Float32Array> => ({
    shape: [grid, grid, 2],
    data: values,
  });
  return {
    points: [data, ...Array.from({ length: layers }, (_, i) => points.get(String(i))!)],
    ...(labels ? { labels } : {}),
    grids: [...Array.from({ length: layers }, (_, i) => square(onTheWay(model, back, i))), square(latent)],
    density: { shape: [pixels, pixels], data: density.get('density')!.data },
    bounds,
    samples,
  };
}

/** A square around the data with a margin. */
function boundsOf(x: Float32Array): PlaneView['bounds'] {
  const range = (column: number): [number, number] => {
    const [low, high] = extentOf(x, 2, column);
    return low <= high ? [low, high] : [-3, 3];
  };
  return squareOf(range(0), range(1), 1e-6);
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
