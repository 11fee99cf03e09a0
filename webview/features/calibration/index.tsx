import { hasCalibration } from '../../../src/protocol/questions';
import type { RegionFeature } from '../../base/store/store';
import { calibrationNumbers } from './numbers';
import { calibrationState } from './state';
import { text } from './text';
import { CalibrationTab } from './view';
import './style.css';

export const calibration: RegionFeature = {
  id: 'calibration',
  region: 'diagnostics',
  title: () => text.tab,
  applies: hasCalibration,
  state: calibrationState,
  View: CalibrationTab,
  numbers: calibrationNumbers,
};
