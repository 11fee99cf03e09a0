import { momentsOf } from './gaussian';
import { fine, severityOf, skipped, type Check, short } from './check';
import { thresholds } from './thresholds';

/** The objective on held-out examples against training ones. */
export const overfitting: Check = ({ train, validation, unit, dimensions }) => {
  if (!train?.length || !validation?.length) {
    return skipped(
      'noData',
      'Whether the flow overfits takes its training and its validation data; they are not there.',
    );
  }
  const per = unit === 'nats' ? dimensions : 1;
  const a = momentsOf(train);
  const b = momentsOf(validation);
  const gap = (b.mean - a.mean) / per;
  const error = Math.sqrt(a.std ** 2 / train.length + b.std ** 2 / validation.length) / per;
  const { notice, errors } = thresholds.overfitting;
  const severity = gap < errors * error ? 'ok' : severityOf(gap, thresholds.overfitting);
  const in_ = unit === 'nats' ? 'nats per dimension' : unit;
  const values = {
    train: a.mean / per,
    validation: b.mean / per,
    gap,
    error,
    notice,
    unit: in_,
    trained: train.length,
    held: validation.length,
  };
  const numbers = `${short(values.train)} on ${train.length} training examples, ${short(values.validation)} on ${validation.length} held out (${in_}; the difference is ${short(gap)} ± ${short(error)})`;
  if (severity === 'ok' && errors * error > notice) {
    const sentence = `Whether the flow overfits is not clear: ${numbers}, an error too large to tell; a few examples may cost more than all others.`;
    return { ...skipped('unclear', sentence), values };
  }
  if (severity === 'ok') {
    const sentence = `The flow does not overfit: ${numbers}; from ${notice} on it counts.`;
    return fine('general', sentence, values);
  }
  return {
    severity,
    kind: 'overfits',
    sentence: `The flow overfits: ${numbers}; from ${notice} on it counts.`,
    advice:
      'Take the best checkpoint instead of the last, stop earlier, train on more or augmented data (flips), raise weight decay, or make the flow smaller.',
    values,
  };
};
