import type { RegionFeature } from '../../base/store/store';
import { text } from '../../strings';
import { elementState } from './state';
import { ByElement } from './view';
import './style.css';

export const element: RegionFeature = {
  id: 'element',
  region: 'diagnostics',
  order: 2,
  title: ({ kind }) => (kind === 'image' ? text.contribution.byPixel : text.contribution.byFeature),
  state: elementState,
  View: ByElement,
};
