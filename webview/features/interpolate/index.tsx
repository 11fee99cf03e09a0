import type { RegionFeature } from '../../base/store/store';
import { text } from './text';
import { manifoldNumbers } from './numbers';
import { interpolateState } from './state';
import { Interpolate } from './view';
import './style.css';

export const interpolate: RegionFeature = {
  id: 'interpolate',
  region: 'gallery',
  asks: 'manifold',
  title: () => text.interpolate,
  state: interpolateState,
  View: Interpolate,
  numbers: manifoldNumbers,
};
