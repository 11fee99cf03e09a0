import { hasCheck } from '../../../src/protocol/questions';
import type { RegionFeature } from '../../base/store/store';
import { checkNumbers } from './numbers';
import { checkState } from './state';
import { text } from './text';
import { CheckTab } from './view';
import './style.css';

export const check: RegionFeature = {
  id: 'check',
  region: 'diagnostics',
  title: () => text.tab,
  applies: hasCheck,
  state: checkState,
  View: CheckTab,
  numbers: checkNumbers,
};
