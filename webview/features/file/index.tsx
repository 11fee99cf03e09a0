import type { RegionFeature } from '../../base/store/store';
import { text } from './text';
import { tensorTableState } from './state';
import { NotRunnable } from './view';
import './style.css';

export const file: RegionFeature = {
  id: 'file',
  region: 'file',
  title: () => text.tensors,
  state: tensorTableState,
  View: NotRunnable,
};
