import { layerName } from '../../../protocol/model';
import { fine, ranked, severityOf, skipped, type Check, type Found, short } from './check';
import type { LayerObservations } from './observations';
import { thresholds } from './thresholds';

const epsilon = 2 ** -23;

/** Range that errors at a layer's input are compared with: in deviations for standardized data, as at the next layer. */
const rangeOf = (layers: readonly LayerObservations[], layer: LayerObservations): number => {
  const place = layers.indexOf(layer);
  const { input } = (layer.inDeviations && layers[place + 1]) || layer;
  return input && input.high > input.low ? input.high - input.low : 1;
};

/** The way to z and back, in all and by layer. */
export const inverse: Check = (seen) => {
  const { noInverse, layers } = seen;
  const first = layers[0];
  if (noInverse !== undefined || !first || first.fromLatent === undefined)
    return skipped('noInverse', noInverse ?? 'There is no way back from z.');
  const slices = layers.filter(({ info }) => info.slice);
  if (slices.length > 0) return solved(slices);
  const share = first.fromLatent / rangeOf(layers, first);
  const alone = ranked(seen, (layer) =>
    layer.alone === undefined ? undefined : layer.alone / rangeOf(layers, layer),
  );
  const largestAlone = alone[0];
  const worst = Math.max(share, largestAlone?.value ?? 0);
  const { notice } = thresholds.inverse;
  const severity = severityOf(worst, thresholds.inverse);
  const values = {
    error: first.fromLatent,
    ...(first.inDeviations ? { in: 'deviations' } : {}),
    share,
    alone: largestAlone?.value ?? 0,
    epsilon,
    times: share / epsilon,
    notice,
  };
  const numbers = `x comes back from z within ${short(first.fromLatent)}${first.inDeviations ? ' deviations' : ''}, ${short(share)} of its range (${short(values.times)} times the rounding of float32); from ${short(notice)} on it counts`;
  const layer = loses(layers) ?? largestAlone?.layer;
  if (severity === 'ok') {
    const sentence = `The inverse is exact: ${numbers}.${largestAlone ? ` Of single layers, ${layerName(largestAlone.layer.info)} loses most: ${short(largestAlone.value)} of its range.` : ''}`;
    return fine('exact', sentence, values, largestAlone?.layer.info.index);
  }
  return {
    severity,
    kind: 'inexact',
    sentence: `The inverse is not exact: ${numbers}.${layer ? ` Most is lost in ${layerName(layer.info)}${layer.alone === undefined ? '' : `, which alone comes back within ${short(layer.alone)}`}.` : ''}`,
    advice:
      'A layer that divides by a very small scale, or adds a very large shift, rounds away what it should keep: look at what its network gives. Weight decay helps and, where layers scale, a bounded scale (scaleMap tanh-channel).',
    values,
    ...(layer ? { layer: layer.info.index, tab: 'activations' as const } : {}),
  };
};

/** No solver of a vector field is exact on the way back. Its error is how far its log-dets are off those of a finer one. */
function solved(slices: readonly LayerObservations[]): Found {
  const errorOf = ({ info }: LayerObservations): number => info.slice?.error ?? NaN;
  const off = slices.reduce((sum, slice) => sum + errorOf(slice), 0);
  if (Number.isNaN(off))
    return skipped('unmeasured', 'The flow is solved in steps, and was not compared with a finer solver.');
  const limits = thresholds.solver[slices[0]!.info.outputShape.length === 3 ? 'image' : 'vector'];
  const severity = severityOf(off, limits);
  const worst = slices.reduce((most, slice) => (errorOf(slice) > errorOf(most) ? slice : most));
  const values = { off, notice: limits.notice, worst: errorOf(worst) };
  const numbers = `log-dets of its slices are ${short(off)} nats off in all, ${short(values.worst)} of them in ${layerName(worst.info)} (means of sizes); from ${short(limits.notice)} on it counts`;
  if (severity === 'ok') return fine('solved', `The solver is exact enough: ${numbers}.`, values);
  return {
    severity,
    kind: 'solvedRoughly',
    sentence: `The solver is not exact: ${numbers}.`,
    advice: 'Take more steps, or a solver of higher order.',
    values,
    layer: worst.info.index,
  };
}

/** The layer at whose input the error on the way back grows most, as a share of the range there. */
function loses(layers: readonly LayerObservations[]): LayerObservations | undefined {
  let worst: { layer: LayerObservations; growth: number } | undefined;
  layers.forEach((layer, i) => {
    if (layer.fromLatent === undefined) return;
    const relativeError = layer.fromLatent / rangeOf(layers, layer);
    const next = layers[i + 1];
    const after = next?.fromLatent === undefined ? epsilon : next.fromLatent / rangeOf(layers, next);
    const growth = Number.isNaN(relativeError)
      ? Number.isNaN(after)
        ? 0
        : Infinity
      : relativeError / Math.max(after, epsilon);
    if (!worst || growth > worst.growth) worst = { layer, growth };
  });
  return worst?.layer;
}
