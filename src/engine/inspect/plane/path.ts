/** The way of one point through a two-dimensional flow. */
import { UserError } from '../../../base/user-error';
import type { PathStart, PlanePath, PlanePathQuery } from '../../../protocol/plane';
import type { ExampleBatch } from '../../model/examples';
import { exampleOf } from '../latents/latents';
import { runPass } from '../pass';
import { backToData } from './back';
import { checkPlane, checkStage } from './parts';
import type { Inquiry } from '../inquiry';

/** @throws UserError for a start that does not exist or has no way back to data space, CancelledError */
export async function planePath(inquiry: Inquiry, { start }: PlanePathQuery): Promise<PlanePath> {
  const { model } = inquiry;
  checkPlane(model);
  const { x, context } = await startOf(inquiry, start);
  const pass = await runPass(inquiry, { count: 1, x, shown: x, ...(context ? { context } : {}) }, 'eval');
  const layers = model.layers.length;
  const points = new Float32Array(2 * (layers + 1));
  points.set(x);
  const logDets = new Float32Array(layers);
  pass.layers.forEach(({ output, logDet: { layer, norm } }, index) => {
    points.set(output.data, 2 * (index + 1));
    logDets[index] = layer[0]! + norm[0]!;
  });
  // What was given is shown as it was given, not as it comes out on the way back and there again.
  if (start.kind === 'point') points.set(start.point, 2 * start.stage);
  const prior = pass.prior[0]!;
  return {
    points: { shape: [layers + 1, 2], data: points },
    logDets,
    prior,
    logDensity: logDets.reduce((sum, value) => sum + value, prior),
  };
}

async function startOf(inquiry: Inquiry, start: PathStart): Promise<Pick<ExampleBatch, 'x' | 'context'>> {
  const { model } = inquiry;
  if (start.kind === 'example') return exampleOf(inquiry, start.example);
  const { stage, point } = start;
  checkStage(model, stage);
  const numbers: readonly unknown[] = point;
  if (!(Array.isArray(numbers) && numbers.length === 2 && numbers.every(Number.isFinite)))
    throw new UserError(`The point (${String(point)}) was given; expected two finite numbers.`);
  const h = { shape: [1, 2], data: Float32Array.from(point) };
  const { data } = await backToData(inquiry, stage, h);
  if (data.every(Number.isFinite)) return { x: data };
  const name = stage === model.layers.length ? 'z' : model.layers[stage - 1]!.info.name;
  throw new UserError(
    `No point of the data leads to (${point.map((value) => Number(value.toPrecision(4))).join(', ')}) after ` +
      `${name}, as far as float32 can tell. Choose one nearer to the data.`,
  );
}
