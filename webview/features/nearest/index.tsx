import type { RegionFeature } from '../../base/store/store';
import { text } from './text';
import { nearestNumbers } from './numbers';
import { nearestState } from './state';
import { Nearest } from './view';
import './style.css';

export const nearest: RegionFeature = {
  id: 'nearest',
  region: 'gallery',
  asks: 'nearest',
  title: () => text.nearest,
  state: nearestState,
  View: Nearest,
  numbers: nearestNumbers,
};
