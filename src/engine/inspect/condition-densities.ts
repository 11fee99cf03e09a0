/** What a two-dimensional flow believes at a low, a usual and a high value of one condition. */
import { UserError } from '../../base/user-error';
import {
  shownDeviations,
  type ConditionDensities,
  type ConditionDensitiesQuery,
} from '../../protocol/conditions';
import { stageBounds } from '../../protocol/plane';
import type { InspectedFlow } from '../model/inspected-flow';
import { densityWithin, pointsAt } from './plane-density';
import { checkPixels, checkPlane } from './plane-parts';
import { samples as drawn } from './samples';

/** @throws UserError for a flow that takes no context or is not of two dimensions, CancelledError */
export async function conditionDensities(
  model: InspectedFlow,
  { batch, condition, pixels, samples }: ConditionDensitiesQuery,
  signal: AbortSignal,
): Promise<ConditionDensities> {
  checkPlane(model);
  checkPixels(pixels);
  const { context: info } = model.runner;
  if (!info || !model.withContext) {
    throw new UserError('Densities at values of a condition were asked for; this flow takes none.');
  }
  const size = info.mean.length;
  if (!(Number.isInteger(condition) && condition >= 0 && condition < size)) {
    throw new UserError(`Condition ${condition} was asked for; the flow takes ${size}, numbered from 0.`);
  }
  const context = [...(model.given ?? info.mean)];
  // One part of the plane for all, so that they can be compared.
  const bounds = stageBounds(await pointsAt(model, batch, 0, signal), 0, model.layers.length);
  const at: ConditionDensities['at'] = [];
  for (const deviations of shownDeviations) {
    const value = info.mean[condition]! + deviations * info.std[condition]!;
    const given = model.withContext(context.with(condition, value));
    at.push({
      value,
      density: await densityWithin(given, { stage: 0, bounds, pixels }, signal),
      samples: (await drawn(given, samples, signal)).values,
    });
  }
  return { condition, context, bounds, at };
}
