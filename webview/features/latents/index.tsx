import type { RegionFeature, Store } from '../../base/store/store';
import { text } from './text';
import { latentsState } from './state';
import { Latents } from './view';
import './style.css';
import { columnsOf, vector, type ViewData } from '../../base/view-data/view-data';

function latentNumbers(store: Store): ViewData {
  const { latents, original, shown, edits } = store.state(latentsState);
  const view = latents.found.value;
  const before = original.found.value?.values;
  const now = shown.value?.values;
  if (!view || !before || !now) return {};
  const z = Float32Array.from(view.z, (value, i) => edits.value.get(i) ?? value);
  return {
    columns: columnsOf({
      latent: Array.from(z, (_, i) => i),
      scale: view.scales && Array.from(view.scales, (scale) => scale + 1),
      z: view.z,
      z_changed: z,
    }),
    arrays: { z: vector(view.z), z_changed: vector(z), x: before, x_changed: now },
  };
}

export const latents: RegionFeature = {
  id: 'latents',
  region: 'gallery',
  asks: 'latents',
  title: () => text.latents,
  state: latentsState,
  View: Latents,
  numbers: latentNumbers,
};
