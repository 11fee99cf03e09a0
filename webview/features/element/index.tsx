import type { RegionFeature } from '../../base/store/store';
import { text } from './text';
import { elementState } from './state';
import { ByElement } from './view';
import './style.css';

export const element: RegionFeature = {
  id: 'element',
  region: 'diagnostics',
  title: ({ kind }) => (kind === 'image' ? text.byPixel : text.byFeature),
  state: elementState,
  View: ByElement,
};
