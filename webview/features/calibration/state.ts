import { signal } from '@preact/signals';
import type { CalibrationSettings } from '../../../src/protocol/calibration';
import { hasCalibration } from '../../../src/protocol/questions';
import { runInParts } from '../../base/store/parted';
import { ask, stateOf } from '../../base/store/store';

export const calibrationState = stateOf((store) => {
  /** Pairs at most, and samples for each. */
  const size = signal({ pairs: 500, draws: 200 });
  /** Features that are drawn: across, up. */
  const pair = signal<[number, number]>([0, 1]);
  const parted = runInParts(store, 'calibration', hasCalibration, () => (pair.value = [0, 1]));
  const { part } = parted;
  return {
    ...parted,
    size,
    pair,
    /** Plot of features other than the first two, which come with the run. */
    plot: ask(store.context, 'pairPlot', () =>
      store.shows('calibration') && part.value?.pairPlot && pair.value.join() !== '0,1'
        ? { features: pair.value, settings: part.value.settings }
        : null,
    ),
    run: (split: CalibrationSettings['split']) => parted.run({ ...size.value, split, seed: 0 }),
  };
});
