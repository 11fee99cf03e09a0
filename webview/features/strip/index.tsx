import type { RegionFeature } from '../../base/store/store';
import { words } from '../../base/words';
import { stripNumbers } from './numbers';
import { barsState } from './state';
import { FlowStrip } from './view';
import './style.css';

export const strip: RegionFeature = {
  id: 'strip',
  region: 'strip',
  title: () => words.flow,
  state: barsState,
  View: FlowStrip,
  numbers: stripNumbers,
};
