import { fine, severityOf, skipped, type Check, short } from './check';
import { thresholds } from './thresholds';

/** The objective by running statistics and by the batch's own. */
export const modes: Check = ({ modes: found, unit, dimensions, norms, count, layers }) => {
  if ('reason' in norms) return skipped('noStatistics', norms.reason);
  if (!found) return skipped('noNorms', 'This flow has no batch norm, so training and use compute the same.');
  const per = unit === 'nats' ? dimensions : 1;
  const gap = Math.abs(found.running - found.batch) / per;
  const severity = severityOf(gap, thresholds.modes);
  const { notice } = thresholds.modes;
  const in_ = unit === 'nats' ? 'nats per dimension' : unit;
  const values = {
    running: found.running / per,
    batch: found.batch / per,
    gap,
    threshold: notice,
    unit: in_,
    count,
  };
  const numbers = `${short(values.running)} with running statistics, ${short(values.batch)} with the batch's own (${in_}, ${count} examples)`;
  if (severity === 'ok') {
    const sentence = `Training and use agree: ${numbers}; from a difference of ${notice} on it counts.`;
    return fine('same', sentence, values);
  }
  const firstNorm = layers.find(({ info }) => info.hasNorm || info.kind === 'batchNorm');
  return {
    severity,
    kind: 'differ',
    sentence: `The flow in use is not the flow that was trained: ${numbers}; from a difference of ${notice} on it counts.`,
    advice:
      'Running statistics lag behind. Train on with a lower learning rate so that they settle, use a larger batch, or normStatistics "running", which trains with the statistics that are used later.',
    values,
    ...(firstNorm ? { layer: firstNorm.info.index, tab: 'network' as const } : {}),
  };
};
