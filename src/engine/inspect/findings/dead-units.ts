import { layerName } from '../../../protocol/model';
import { fine, andOthers, ranked, severityOf, skipped, where, type Check, percent } from './check';
import { thresholds } from './thresholds';

/** Hidden ReLU units that no example activates. */
export const deadUnits: Check = (seen) => {
  const { notice } = thresholds.deadUnits;
  const all = ranked(seen, ({ units }) => units && units.never / units.total);
  const [worst] = all;
  if (!worst?.layer.units)
    return skipped('noUnits', 'The hidden units of this flow are not ReLU, or could not be looked at.');
  const { total, never } = worst.layer.units;
  const severity = severityOf(worst.value, thresholds.deadUnits);
  const name = layerName(worst.layer.info);
  const values = { never, total, share: worst.value, notice, count: seen.count };
  const place = where(all, notice, 'network');
  if (severity === 'ok') {
    const sentence = `At most ${never} of ${total} hidden units of a coupling (${percent(worst.value)}, ${name}) are never active over ${seen.count} examples; from ${percent(notice)} on it counts.`;
    return fine('active', sentence, values, worst.layer.info.index);
  }
  return {
    severity,
    kind: 'never',
    sentence: `${never} of ${total} hidden units (${percent(worst.value)}) of ${andOthers(name, place.others?.length ?? 0)} are never active over ${seen.count} examples; from ${percent(notice)} on it counts.`,
    advice:
      'A learning rate that was too high early on does this: train again with a lower one or with warm-up. Batch norm in the networks, or an activation without a flat side (elu, silu), keeps units alive; fewer units do as well.',
    values,
    ...place,
  };
};
