import type { RegionFeature } from '../../base/store/store';
import { words } from '../../base/words';
import { isPlane } from '../../../src/protocol/questions';
import { PlaneSamples, Samples } from './view';
import { sampleNumbers } from './numbers';
import { samplesState } from './state';
import './style.css';

export const samples: RegionFeature = {
  id: 'samples',
  region: 'gallery',
  asks: 'samples',
  title: () => words.samples,
  state: samplesState,
  View: ({ model }) => (isPlane(model) ? <PlaneSamples model={model} /> : <Samples model={model} />),
  panel: 'samples-panel flex-column',
  numbers: sampleNumbers,
};
