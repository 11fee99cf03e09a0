/** The splines of a layer at one example: their knots, and where the example goes. */
import { UserError } from '../../base/user-error';
import { knotParts, onSpline, type KnotPart, type SplineQuery, type SplineView } from '../../protocol/spline';
import { hasSplines } from '../../protocol/questions';
import type { NdArray } from '../../protocol/tensors';
import { breathe } from '../model/breathe';
import { type InspectedFlow, layerAt } from '../model/inspected-flow';
import { innerOf } from './inner';
import { layerContext } from './pass';
import { stillPass } from './selection';
import type { SharedWork } from './shared-work';

/** By running statistics, whatever the selection's mode. @throws UserError for a layer without splines, CancelledError */
export async function spline(
  model: InspectedFlow,
  work: SharedWork,
  query: SplineQuery,
  signal: AbortSignal,
): Promise<SplineView> {
  const { info, flow } = layerAt(model, query.layer);
  if (!info.spline || !hasSplines(info))
    throw new UserError(`The layer ${info.name} does not map features by splines.`);
  const pass = await stillPass(model, work, query, signal);
  const { input, output, elements } = pass.layers[info.index]!;
  const inner = innerOf(model, 'A spline');
  const program = await inner.knots(query.layer);
  await breathe(signal);
  const out = await program.run({
    h: { shape: [1, ...input.shape], data: input.data },
    ...layerContext(pass, model),
  });

  const all = Array.from(input.data, (_, i) => i);
  const mapped = all.filter((i) => flow?.mask?.data[i] !== 1);
  const given = out['x']!.shape[1]!;
  // Networks answer for all features, or for those alone that are mapped.
  const rows = given === all.length ? mapped : mapped.map((_, i) => i);
  const own = info.spline;
  const points = own.bins + 1;
  const rowsOf = ({ data }: NdArray): NdArray<Float32Array> => ({
    shape: [rows.length, points],
    data: Float32Array.from(
      rows.flatMap((row) => Array.from(data.subarray(row * points, (row + 1) * points))),
    ),
  });
  const pick = (values: ArrayLike<number>): Float32Array => Float32Array.from(mapped, (i) => values[i]!);
  return {
    layer: info.index,
    ...own,
    features: Int32Array.from(mapped),
    knots: Object.fromEntries(knotParts.map((part) => [part, rowsOf(out[part]!)])) as Record<
      KnotPart,
      NdArray<Float32Array>
    >,
    from: pick(input.data).map((x) => onSpline(own, x)),
    to: pick(output.data),
    logDerivative: pick(elements!.first.data),
  };
}
