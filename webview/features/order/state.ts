import { signal, type Signal } from '@preact/signals';
import type { OrderView } from '../../../src/protocol/order';
import { ask, type Question } from '../../base/store/question';
import type { StateDefinition } from '../../base/store/store';

export interface OrderState {
  order: Question<OrderView>;
  /** First place that is shown. */
  from: Signal<number>;
  /** How the maps are sorted. */
  sorted: Signal<'own' | 'features'>;
}

export const orderState: StateDefinition<OrderState> = {
  create(store) {
    const from = signal(0);
    store.onLayer(() => (from.value = 0));
    return {
      from,
      sorted: signal<'own' | 'features'>('own'),
      order: ask(store.context, 'order', () => {
        const layer = store.layerInfo();
        return store.shows('order') && store.selection.value && layer?.order
          ? { layer: layer.index, batch: store.batch.value, from: from.value }
          : null;
      }),
    };
  },
};
