/** Notes for the user about a run before its first step. */
import { several } from '../../base/text';
import type { RunConfig } from '../../config/schema';
import type { Dataset } from '../../data/dataset';
import { damagedImages } from '../../data/damaged';

export function firstNotes({ training, data }: RunConfig, { name, train, provenance }: Dataset): string[] {
  const { steps, batch, patience, validateEvery } = training;
  const epochs = (steps * Math.min(batch, train.count)) / train.count;
  const passes = epochs < 10 ? epochs.toFixed(1) : Math.round(epochs).toLocaleString('en');
  const stopping =
    patience > 0
      ? `; ends early after ${several(patience, 'validation')} without a better one, one every ${several(validateEvery, 'step')}`
      : '';
  const { damaged = [] } = data;
  return [
    `${name}: ${provenance.note}.`,
    ...(damaged.length > 0 ? [`Left out ${damagedImages(damaged)}.`] : []),
    `At most ${several(steps, 'step')}: ${passes} passes over ${several(train.count, 'training example')}${stopping}.`,
  ];
}
