/** Two features of a flow, for a plane: across and up. */
import { type Signal, signal } from '@preact/signals';
import type { ModelSummary } from '../../../src/protocol/model';
import { Dropdown } from '../controls/toolkit';
import { stateOf, type Store } from '../store/store';
import { useStore } from '../store/use-store';
import { words } from '../words';
import { featureName } from './layer-names';

/** Those that all views of a vector field draw. */
export const fieldPair = stateOf(() => {
  const features = signal<[number, number]>([0, 1]);
  return { features, reset: () => void (features.value = [0, 1]) };
});

/** What all of these views ask about. */
export const fieldQuery = (store: Store) => ({
  batch: store.batch.value,
  example: store.example.value,
  features: store.state(fieldPair).features.value,
});

/** Nothing where there are only two. */
export function FeaturePair({ model, pair }: { model: ModelSummary; pair: Signal<[number, number]> }) {
  const saved = useStore().isSaved;
  const choice = (label: string, place: 0 | 1) => (
    <Dropdown
      label={label}
      value={String(pair.value[place])}
      disabled={saved}
      options={Array.from({ length: model.shape[0]! }, (_, i) => ({
        value: String(i),
        text: featureName(model, i),
      })).filter(({ value }) => value !== String(pair.value[1 - place]))}
      onChange={(value) => (pair.value = pair.value.with(place, Number(value)) as [number, number])}
    />
  );
  if (model.kind !== 'vector' || model.shape[0]! <= 2) return null;
  return (
    <span class="pair">
      <span>{words.acrossUp}</span>
      {choice(words.across, 0)}
      {choice(words.up, 1)}
    </span>
  );
}
