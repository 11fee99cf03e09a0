import { ready } from '../../base/store/question';
import type { Store } from '../../base/store/store';
import { vector, type ViewData } from '../../base/view-data/view-data';
import { latentsState } from './state';

export function latentNumbers(store: Store): ViewData {
  const { latents, original, shown, edits } = store.state(latentsState);
  const view = ready(latents.answer.value);
  const before = ready(original.answer.value)?.values;
  const now = shown.value?.values;
  if (!view || !before || !now) return {};
  const z = Float32Array.from(view.z, (value, i) => edits.value.get(i) ?? value);
  return {
    columns: [
      { name: 'latent', values: Array.from(z, (_, i) => i) },
      ...(view.scales ? [{ name: 'scale', values: Array.from(view.scales, (scale) => scale + 1) }] : []),
      { name: 'z', values: view.z },
      { name: 'z_changed', values: z },
    ],
    arrays: { z: vector(view.z), z_changed: vector(z), x: before, x_changed: now },
  };
}
