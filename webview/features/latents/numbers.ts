import type { Store } from '../../base/store/store';
import { columnsOf, vector, type ViewData } from '../../base/view-data/view-data';
import { latentsState } from './state';

export function latentNumbers(store: Store): ViewData {
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
