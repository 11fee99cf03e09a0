import { signal, type Signal } from '@preact/signals';
import type { CalibrationSettings, PairPlot } from '../../../src/protocol/calibration';
import { hasCalibration } from '../../../src/protocol/questions';
import { runInParts, type Parted } from '../../base/store/parted';
import { ask, type Question } from '../../base/store/question';
import type { StateDefinition } from '../../base/store/store';

export interface CalibrationState extends Omit<Parted<'calibration'>, 'run'> {
  /** Pairs at most, and samples for each. */
  size: Signal<Pick<CalibrationSettings, 'pairs' | 'draws'>>;
  /** Features that are drawn: across, up. */
  pair: Signal<[number, number]>;
  /** Plot of features other than the first two, which come with the run. */
  plot: Question<PairPlot | null>;
  run(split: CalibrationSettings['split']): void;
}

export const calibrationState: StateDefinition<CalibrationState> = {
  create(store) {
    const size = signal({ pairs: 500, draws: 200 });
    const pair = signal<[number, number]>([0, 1]);
    const parted = runInParts(store, 'calibration', hasCalibration, () => (pair.value = [0, 1]));
    const { part } = parted;
    return {
      ...parted,
      size,
      pair,
      plot: ask(store.context, 'pairPlot', () =>
        store.shows('calibration') && part.value?.pairPlot && pair.value.join() !== '0,1'
          ? { features: pair.value, settings: part.value.settings }
          : null,
      ),
      run: (split) => parted.run({ ...size.value, split, seed: 0 }),
    };
  },
};
