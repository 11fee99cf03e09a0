import { layerName } from '../../../protocol/model';
import { fine, ranked, severityOf, where, andOthers, noScales, type Check, short } from './check';
import { thresholds } from './thresholds';

/** The largest |s|: what a coupling multiplies by, and what float32 loses on the way back. */
export const scaleSize: Check = (seen) => {
  const { notice, overflow } = thresholds.scaleSize;
  const all = ranked(seen, ({ quantities }) => {
    const scales = quantities?.filter(({ role }) => role === 'logScale') ?? [];
    const sizes = scales.map(({ range }) => Math.max(Math.abs(range.low), Math.abs(range.high)));
    return sizes.length > 0 ? Math.max(...sizes) : undefined;
  });
  const [worst] = all;
  if (!worst) return noScales(seen);
  const severity = severityOf(worst.value, thresholds.scaleSize);
  const name = layerName(worst.layer.info);
  const values = { size: worst.value, notice, overflow, factor: Math.exp(worst.value) };
  if (severity === 'ok') {
    const sentence = `The largest |s| is ${short(worst.value)} nats, in ${name}; from ${notice} on it counts as large.`;
    return fine('small', sentence, values, worst.layer.info.index);
  }
  const place = where(all, notice, 'activations');
  return {
    severity,
    kind: 'large',
    sentence: `|s| reaches ${short(worst.value)} nats in ${andOthers(name, place.others?.length ?? 0)}: values are scaled by up to ${short(values.factor)}. From ${notice} on it counts as large; exp overflows float32 at ${overflow}.`,
    advice:
      'Bound the scale (scaleMap tanh-channel), raise weight decay on it, or lower the learning rate; look whether a few outliers in the data cause it.',
    values,
    ...place,
  };
};
