import type { RegionFeature } from '../../base/store/store';
import { text } from '../../strings';
import { manifoldNumbers } from './numbers';
import { interpolateState } from './state';
import { Interpolate } from './view';
import './style.css';

export const interpolate: RegionFeature = {
  id: 'interpolate',
  region: 'gallery',
  order: 4,
  title: () => text.gallery.interpolate,
  state: interpolateState,
  View: Interpolate,
  numbers: manifoldNumbers,
};
