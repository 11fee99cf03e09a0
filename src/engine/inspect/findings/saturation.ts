import { layerName } from '../../../protocol/model';
import {
  fine,
  andOthers,
  noScales,
  ranked,
  scales,
  severityOf,
  skipped,
  where,
  type Check,
  percent,
} from './check';
import { thresholds } from './thresholds';

/** Scale maps at their flat ends, where s no longer tells inputs apart and gradients vanish. */
export const saturation: Check = (seen) => {
  const { tanh, notice } = thresholds.saturation;
  if (!scales(seen)) return noScales(seen);
  if (!seen.saturates) {
    return skipped(
      'noBound',
      'The scale of this flow has no flat ends to saturate at, or they are not known.',
    );
  }
  const all = ranked(seen, ({ saturated }) => saturated);
  const [worst] = all;
  if (!worst) return noScales(seen);
  const severity = severityOf(worst.value, thresholds.saturation);
  const name = layerName(worst.layer.info);
  const values = { share: worst.value, notice, tanh };
  if (worst.value === 0) {
    const sentence = `None of the moving values have a saturated scale (|tanh u| above ${tanh}).`;
    return fine('none', sentence, values);
  }
  if (severity === 'ok') {
    const sentence = `At most ${percent(worst.value)} of the moving values have a saturated scale (|tanh u| above ${tanh}), in ${name}; from ${percent(notice)} on it counts.`;
    return fine('free', sentence, values, worst.layer.info.index);
  }
  const place = where(all, notice, 'activations');
  return {
    severity,
    kind: 'saturated',
    sentence: `The scale is saturated (|tanh u| above ${tanh}) at ${percent(worst.value)} of the moving values of ${andOthers(name, place.others?.length ?? 0)}; from ${percent(notice)} on it counts. There s hardly changes and hardly learns.`,
    advice:
      'Lower the learning rate or warm it up, clip gradients, and decay the weights of the last layer; if the flow needs larger scales, let the learned scale grow (scaleMap tanh-channel) or take a map without a bound.',
    values,
    ...place,
  };
};
