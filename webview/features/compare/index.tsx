import type { RegionFeature } from '../../base/store/store';
import { text } from './text';
import { compareState } from './state';
import { CompareRegions } from './view';
import './style.css';

export const compare: RegionFeature = {
  id: 'compare',
  region: 'compare',
  title: () => text.compareStart,
  state: compareState,
  View: CompareRegions,
};
