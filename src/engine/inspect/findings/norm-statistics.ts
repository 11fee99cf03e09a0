import { layerName } from '../../../protocol/model';
import { fine, severityOf, skipped, type Check, short } from './check';
import { thresholds } from './thresholds';

/** Running statistics of batch norm compared with the statistics of the batch. */
export const normStatistics: Check = (seen) => {
  const { norms, count } = seen;
  if ('reason' in norms) return skipped('noStatistics', norms.reason);
  const chance = thresholds.normStatistics.chance / Math.sqrt(count);
  const levels = {
    notice: thresholds.normStatistics.notice + chance,
    warning: thresholds.normStatistics.warning + chance,
  };
  const apart = norms
    .map((norm) => ({ ...norm, value: Math.max(norm.mean, norm.ratio) }))
    .sort((a, b) => b.value - a.value || (Number.isNaN(b.value) ? 1 : 0));
  const [worst] = apart;
  if (!worst) return skipped('noNorms', 'This flow has no batch norm.');
  const severity = severityOf(worst.value, levels);
  const where = `${layerName(seen.layers[worst.layer]!.info)} (${worst.name})`;
  const values = {
    norms: norms.length,
    mean: worst.mean,
    ratio: worst.ratio,
    factor: Math.exp(worst.ratio),
    threshold: levels.notice,
    count,
    name: worst.name,
  };
  if (severity === 'ok') {
    const sentence = `Running statistics of ${norms.length} batch norms are those of the batch: means at most ${short(worst.mean)} deviations apart, deviations within a factor ${short(values.factor)}, in ${where}; allowed for ${count} examples: ${short(levels.notice)} in both, the latter as a logarithm.`;
    return fine('close', sentence, values, worst.layer);
  }
  const others = [
    ...new Set(apart.filter(({ value }) => value >= levels.notice).map(({ layer }) => layer)),
  ].filter((layer) => layer !== worst.layer);
  return {
    severity,
    kind: 'apart',
    sentence: `Running statistics are not those of the batch in ${where}: the mean is ${short(worst.mean)} deviations away and the deviation differs by a factor ${short(values.factor)}; allowed for ${count} examples: ${short(levels.notice)} in both, the latter as a logarithm.`,
    advice:
      'Scores and samples use the running statistics. Train on for a few hundred steps so that they settle, with a smaller share of each new batch (normDecay) if batches differ much; and make sure that these data are prepared as the training data were.',
    values,
    layer: worst.layer,
    tab: 'network',
    ...(others.length > 0 ? { others } : {}),
  };
};
