import type { RegionFeature } from '../../base/store/store';
import { words } from '../../base/words';
import { exampleNumbers } from './numbers';
import { examplesState } from './state';
import { Examples } from './view';
import './style.css';

export const examples: RegionFeature = {
  id: 'examples',
  region: 'gallery',
  title: () => words.examples,
  state: examplesState,
  View: Examples,
  numbers: exampleNumbers,
};
