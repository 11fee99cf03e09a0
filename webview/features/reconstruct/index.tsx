import type { RegionFeature } from '../../base/store/store';
import { text } from './text';
import { reconstructionNumbers } from './numbers';
import { reconstructState } from './state';
import { Reconstruct } from './view';

export const reconstruct: RegionFeature = {
  id: 'reconstruct',
  region: 'gallery',
  asks: 'reconstruct',
  title: () => text.reconstruct,
  // Vectors have one scale, always.
  applies: ({ kind }) => kind === 'image',
  state: reconstructState,
  View: Reconstruct,
  numbers: reconstructionNumbers,
};
