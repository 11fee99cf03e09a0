import type { RegionFeature } from '../../base/store/store';
import { words } from '../../base/words';
import { RunTab } from './view';
import './style.css';

export const run: RegionFeature = {
  id: 'run',
  region: 'diagnostics',
  order: 3,
  title: () => words.run,
  View: RunTab,
};
