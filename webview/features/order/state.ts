import { signal } from '@preact/signals';
import { ask } from '../../base/store/question';
import { stateOf } from '../../base/store/store';

export const orderState = stateOf((store) => {
  /** First place that is shown. */
  const from = signal(0);
  store.onLayer(() => (from.value = 0));
  return {
    from,
    /** How the maps are sorted. */
    sorted: signal<'own' | 'features'>('own'),
    order: ask(store.context, 'order', () => {
      const layer = store.layerInfo();
      return store.shows('order') && store.selection.value && layer?.order
        ? { layer: layer.index, batch: store.batch.value, from: from.value }
        : null;
    }),
  };
});
