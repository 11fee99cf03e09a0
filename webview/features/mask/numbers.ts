import { ready } from '../../base/store/question';
import type { Store } from '../../base/store/store';
import { places, type ViewData } from '../../base/view-data/view-data';
import { maskState } from './state';

export function maskNumbers(store: Store): ViewData {
  const view = ready(store.state(maskState).answer.value);
  if (!view) return {};
  return {
    columns: [...places(view.inImage.shape), { name: 'read', values: view.inImage.data }],
    arrays: { mask: view.mask, in_image: view.inImage },
  };
}
