import { layerName } from '../../../protocol/model';
import { ranked, severityOf, skipped, type Check, short } from './check';
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
  if (noInverse !== undefined || !first || first.fromLatent === undefined) {
    return skipped('noInverse', noInverse ?? 'There is no way back from z.');
  }
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
    return {
      severity,
      kind: 'exact',
      sentence: `The inverse is exact: ${numbers}.${largestAlone ? ` Of single layers, ${layerName(largestAlone.layer.info)} loses most: ${short(largestAlone.value)} of its range.` : ''}`,
      values,
      ...(largestAlone ? { layer: largestAlone.layer.info.index } : {}),
    };
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

/** The layer at whose input the error on the way back grows most, as a share of the range there. */
function loses(layers: readonly LayerObservations[]): LayerObservations | undefined {
  let worst: { layer: LayerObservations; growth: number } | undefined;
  layers.forEach((layer, i) => {
    if (layer.fromLatent === undefined) return;
    const own = layer.fromLatent / rangeOf(layers, layer);
    const next = layers[i + 1];
    const after = next?.fromLatent === undefined ? epsilon : next.fromLatent / rangeOf(layers, next);
    const growth = Number.isNaN(own) ? (Number.isNaN(after) ? 0 : Infinity) : own / Math.max(after, epsilon);
    if (!worst || growth > worst.growth) worst = { layer, growth };
  });
  return worst?.layer;
}
