/** What the conditioner's tab asks for on demand. Choices name their layer, so that they end when another is selected. */
import { computed, signal } from '@preact/signals';
import type { WeightView } from '../../../src/protocol/conditioner';
import { windowOfWeight } from '../../../src/protocol/weight-window';
import { ask, stateOf } from '../../base/store/store';

/** `from` is 0 for an axis that is shown as a whole. */
export type WeightChoice = Pick<WeightView, 'layer' | 'name' | 'shape' | 'axes' | 'from'>;

export const networkState = stateOf((store) => {
  const { context, selection } = store;
  const weightChoice = signal<WeightChoice | undefined>(undefined);
  const stage = signal<{ layer: number; stage: string; offset: number } | undefined>(undefined);
  /** The layer whose norms are compared with the batch, and the norm whose channels are listed. */
  const compared = signal<{ layer: number; norm: number; offset: number } | undefined>(undefined);
  const open = <C extends { layer: number }>(choice: C | undefined): C | undefined =>
    store.shows('network') && choice?.layer === store.layerInfo()?.index ? choice : undefined;
  // Other parts of the choice do not ask again.
  const comparedLayer = computed(() => open(compared.value)?.layer);
  return {
    network: ask(context, 'network', () => {
      const layer = store.layerInfo();
      return store.shows('network') && layer ? { layer: layer.index } : null;
    }),
    weightChoice,
    stage,
    compared,
    weight: ask(context, 'weight', () => {
      const choice = open(weightChoice.value);
      return choice ? { layer: choice.layer, name: choice.name, ...windowOfWeight(choice) } : null;
    }),
    features: ask(context, 'features', () => {
      const choice = open(stage.value);
      return choice ? { ...selection.value!, ...choice } : null;
    }),
    activity: ask(context, 'activity', () => {
      const layer = comparedLayer.value;
      const chosen = selection.value;
      return layer !== undefined && chosen ? { layer, batch: chosen.batch, mode: chosen.mode } : null;
    }),
  };
});
