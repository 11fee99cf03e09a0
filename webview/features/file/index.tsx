import type { RegionFeature } from '../../base/store/store';
import { text } from './text';
import { tensorTableState } from './state';
import { NotRunnable } from './view';
import './style.css';

export const file: RegionFeature = {
  id: 'file',
  region: 'file',
  order: 1,
  title: () => text.tensors,
  state: tensorTableState,
  View: NotRunnable,
};
