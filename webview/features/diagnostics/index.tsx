import type { RegionFeature } from '../../base/store/store';
import { words } from '../../base/words';
import { diagnosticsState } from './state';
import { DiagnosticsTab } from './view';
import './style.css';

export const diagnostics: RegionFeature = {
  id: 'diagnostics',
  region: 'diagnostics',
  title: () => words.diagnostics,
  panel: 'with-findings flex-column',
  state: diagnosticsState,
  View: DiagnosticsTab,
};
