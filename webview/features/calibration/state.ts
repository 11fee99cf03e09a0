import { signal } from '@preact/signals';
import type { CalibrationSettings } from '../../../src/protocol/calibration';
import { hasCalibration } from '../../../src/protocol/questions';
import { runInParts } from '../../base/store/parted';
import { stateOf } from '../../base/store/store';

export const calibrationState = stateOf((store) => {
  /** Pairs at most, and samples for each. */
  const size = signal({ pairs: 500, draws: 200 });
  const parted = runInParts(store, 'calibration', hasCalibration, () => {});
  return {
    ...parted,
    size,
    run: (split: CalibrationSettings['split']) => parted.run({ ...size.value, split, seed: 0 }),
  };
});
