import type { RegionFeature } from '../../base/store/store';
import { text } from './text';
import { diagnosticsState } from './state';
import { DiagnosticsTab } from './view';
import './style.css';

export const diagnostics: RegionFeature = {
  id: 'diagnostics',
  region: 'diagnostics',
  title: () => text.diagnostics,
  panel: 'with-findings',
  state: diagnosticsState,
  View: DiagnosticsTab,
};
