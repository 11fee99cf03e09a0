import type { RegionFeature } from '../../base/store/store';
import { words } from '../../base/words';
import { RunTab } from './view';
import './style.css';

export const run: RegionFeature = {
  id: 'run',
  region: 'diagnostics',
  title: () => words.run,
  View: RunTab,
};
