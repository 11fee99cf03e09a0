import { hasCalibration } from '../../../src/protocol/questions';
import type { RegionFeature, Store } from '../../base/store/store';
import { calibrationState } from './state';
import { text } from './text';
import { CalibrationTab } from './view';
import './style.css';
import type { ViewData } from '../../base/view-data/view-data';

/** One row for each test. */
function calibrationNumbers(store: Store): ViewData {
  const found = store.state(calibrationState).part.value?.calibration;
  if (!found) return {};
  const tests = [...found.features, { name: 'coverage', ...found.coverage }, { name: 'TARP', ...found.tarp }];
  return {
    columns: [
      { name: 'test', values: tests.map(({ name }) => name) },
      { name: 'distance', values: tests.map(({ distance }) => distance) },
      { name: 'p', values: tests.map(({ pValue }) => pValue) },
      { name: 'mean', values: tests.map(({ mean }) => mean) },
      { name: 'spread', values: tests.map(({ spread }) => spread) },
    ],
    arrays: {
      ranks: {
        shape: [tests.length, found.pairs],
        data: Float32Array.from(tests.flatMap(({ ranks }) => [...ranks])),
      },
    },
  };
}

export const calibration: RegionFeature = {
  id: 'calibration',
  region: 'diagnostics',
  title: () => text.tab,
  applies: hasCalibration,
  state: calibrationState,
  View: CalibrationTab,
  numbers: calibrationNumbers,
};
