import type { RegionFeature } from '../../base/store/store';
import { text } from '../../strings';
import { RunTab } from './view';
import './style.css';

export const run: RegionFeature = {
  id: 'run',
  region: 'diagnostics',
  order: 3,
  title: () => text.diagnostics.run,
  View: RunTab,
};
