import type { RegionFeature } from '../../base/store/store';
import { text } from './text';
import { latentNumbers } from './numbers';
import { latentsState } from './state';
import { Latents } from './view';
import './style.css';

export const latents: RegionFeature = {
  id: 'latents',
  region: 'gallery',
  asks: 'latents',
  title: () => text.latents,
  state: latentsState,
  View: Latents,
  numbers: latentNumbers,
};
