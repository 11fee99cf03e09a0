import type { RegionFeature } from '../../base/store/store';
import { text } from '../../strings';
import { tensorTableState } from './state';
import { NotRunnable } from './view';
import './style.css';

export const file: RegionFeature = {
  id: 'file',
  region: 'file',
  order: 1,
  title: () => text.states.tensors,
  state: tensorTableState,
  View: NotRunnable,
};
