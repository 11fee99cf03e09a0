/** A vector field on a plane of two features, where a slice begins. */
import { columnsAt, repeated, rowAt } from '../../../base/rows';
import { UserError } from '../../../base/user-error';
import type { FieldPlane, FieldPlaneQuery } from '../../../protocol/field';
import { squareAround } from '../../../protocol/plane';
import { layerAt } from '../../model/inspected-flow';
import { innerOf } from '../conditioner/inner';
import { type Inquiry, checkIndex } from '../inquiry';
import { firstContext, trainingBatch } from '../pass';
import { inParts, pixelCentres } from '../plane/parts';
import { mostPaths } from './paths';

/** Cells of a side. */
const side = 40;

/** @throws UserError for a layer that is no slice of a vector field, or features that the flow does not have; CancelledError */
export async function fieldPlane(
  { model, signal }: Inquiry,
  { layer, batch, example, features }: FieldPlaneQuery,
): Promise<FieldPlane> {
  const { info } = layerAt(model, layer);
  if (info.kind !== 'slice' || !info.times)
    throw new UserError(
      `The layer ${info.name} follows no vector field; slices of flows in continuous time do.`,
    );
  const size = model.dimensions;
  for (const feature of features) checkIndex(feature, size, `Feature ${feature} was asked for; the flow has`);
  const inner = innerOf(model, 'A velocity');
  const most = { ...batch, count: Math.min(batch.count, mostPaths) };
  const { joined } = await trainingBatch({ model, signal }, most, example);
  const examples = { shape: [joined.count, size], data: joined.x };
  const reached = await inParts({ model, signal }, await inner.inputs(layer), 'x', examples, joined.context);
  const { data: states } = reached.get('h')!;
  const points = { shape: [joined.count, 2], data: columnsAt(states, size, features) };
  const bounds = squareAround(points, 0.002);
  const cells = side ** 2;
  // The example is behind the cells; features that are not drawn are its own in all of them.
  const rows = repeated(rowAt(states, size, 0), cells + 1);
  pixelCentres(bounds, side).data.forEach((value, i) => (rows[(i >> 1) * size + features[i % 2]!] = value));
  const context = firstContext(joined);
  const seen = context && repeated(context, cells + 1);
  const there = { shape: [cells + 1, size], data: rows };
  const answer = await inParts({ model, signal }, await inner.velocity(layer), 'h', there, seen);
  const [{ data: velocity }, { data: rate }] = [answer.get('velocity')!, answer.get('rate')!];
  return {
    time: info.times.from,
    bounds,
    points,
    velocity: { shape: [side, side, 2], data: columnsAt(velocity.subarray(0, cells * size), size, features) },
    rate: { shape: [side, side], data: rate.slice(0, cells) },
    speed: Math.hypot(...rowAt(velocity, size, cells)),
    exampleRate: rate[cells]!,
  };
}
