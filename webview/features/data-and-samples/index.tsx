import type { RegionFeature } from '../../base/store/store';
import { numbers } from './numbers';
import { dataAndSamplesState } from './state';
import { text } from './text';
import { DataAndSamplesTab } from './view';
import './style.css';

export const dataAndSamples: RegionFeature = {
  id: 'data-and-samples',
  region: 'gallery',
  asks: 'dataAndSamples',
  title: () => text.tab,
  applies: ({ splits }) => splits.length > 0,
  isFirst: ({ kind, shape }) => kind === 'vector' && shape[0]! > 2,
  state: dataAndSamplesState,
  View: ({ model }) => <DataAndSamplesTab model={model} />,
  numbers,
};
