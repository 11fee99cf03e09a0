/** The density of what a two-dimensional flow makes of the data after some of its layers. */
import { range } from '../../../base/order';
import { rowsAt } from '../../../base/rows';
import {
  stageBounds,
  type PlaneBounds,
  type PlaneDensity,
  type PlaneDensityQuery,
} from '../../../protocol/plane';
import type { NdArray } from '../../../protocol/tensors';
import { batchOf } from '../../model/examples';
import { runPass } from '../pass';
import { backToData } from './back';
import { checkPixels, checkPlane, checkStage, inParts, pixelCentres } from './parts';
import type { Inquiry } from '../inquiry';

/** @throws UserError for flows of other dimensions and stages that there are not, CancelledError */
export async function planeDensity(
  { model, signal }: Inquiry,
  { batch, stage, pixels }: PlaneDensityQuery,
): Promise<PlaneDensity> {
  checkPlane(model);
  checkStage(model, stage);
  checkPixels(pixels);
  const bounds = stageBounds(await pointsAt({ model, signal }, batch, stage), stage, model.layers.length);
  return { stage, density: await densityWithin({ model, signal }, { stage, bounds, pixels }), bounds };
}

/** p(h) at the middle of each cell of a part of the plane after `stage` layers, [pixels, pixels]. @throws CancelledError */
export async function densityWithin(
  { model, signal }: Inquiry,
  { stage, bounds, pixels }: { stage: number; bounds: PlaneBounds; pixels: number },
): Promise<NdArray<Float32Array>> {
  const logDensity = await logDensityAt({ model, signal }, stage, pixelCentres(bounds, pixels));
  const density = logDensity.map((value) => (value === -Infinity ? 0 : Math.exp(value)));
  return { shape: [pixels, pixels], data: density };
}

/** The batch's points after `stage` layers, [n, 2]. */
export async function pointsAt(
  { model, signal }: Inquiry,
  batch: PlaneDensityQuery['batch'],
  stage: number,
): Promise<NdArray<Float32Array>> {
  const { x, count } = await batchOf(model, batch);
  const data = { shape: [count, 2], data: x };
  if (stage === 0) return data;
  const points = await inParts({ model, signal }, await model.programs.points(), 'x', data);
  return points.get(String(stage - 1))!;
}

/** ln p(h), nats, by the layers that follow; or, where they cannot be run alone, from x less the layers before. */
async function logDensityAt(
  { model, signal }: Inquiry,
  stage: number,
  h: NdArray<Float32Array>,
): Promise<Float32Array> {
  // The density of z itself is known.
  if (stage === model.layers.length) return model.runner.base.logProb(h.data, h.shape[0]!);
  const { rest } = model.programs;
  if (rest) return (await inParts({ model, signal }, await rest(stage), 'h', h)).get('logDensity')!.data;
  const { data: x } = await backToData({ model, signal }, stage, h);
  const count = h.shape[0]!;
  const reached = range(count).filter((i) => Number.isFinite(x[2 * i]!));
  const out = new Float32Array(count).fill(NaN);
  if (reached.length === 0) return out;
  const rows = rowsAt(x, 2, reached);
  const pass = await runPass({ model, signal }, { count: reached.length, x: rows, shown: rows }, 'eval');
  reached.forEach((i, k) => {
    let sum = pass.prior[k]!;
    for (const { logDet } of pass.layers.slice(stage)) sum += logDet.layer[k]! + logDet.norm[k]!;
    out[i] = sum;
  });
  return out;
}
