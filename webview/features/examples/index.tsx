import type { RegionFeature, Store } from '../../base/store/store';
import { words } from '../../base/words';
import { examplesState } from './state';
import { Examples } from './view';
import './style.css';
import type { ModelSummary } from '../../../src/protocol/model';
import { valuesOf, vector, type ViewData } from '../../base/view-data/view-data';

function exampleNumbers(store: Store, model: ModelSummary): ViewData {
  const state = store.state(examplesState);
  if (state.listed.value) return rankedNumbers(store, model.levels !== undefined);
  const page = state.examples.found.value;
  if (!page) return {};
  const { values, nats, bitsPerDim, labels, offset } = page;
  return {
    columns: [
      { name: 'example', values: Array.from(nats, (_, i) => offset + i) },
      { name: 'nll', unit: 'nats', values: nats },
      ...(bitsPerDim ? [{ name: 'bits_per_dim', values: bitsPerDim }] : []),
      ...(labels ? [{ name: 'label', values: labels.map((label) => label ?? undefined) }] : []),
      ...valuesOf(values, 1),
    ],
    arrays: { examples: values, nats: vector(nats) },
  };
}

/** The page that is shown: examples by how likely they are, from the data or from the user's own. */
function rankedNumbers(store: Store, bits: boolean): ViewData {
  const { listed, shown, pictures } = store.state(examplesState);
  const population = listed.value;
  const values = pictures.found.value?.values;
  if (!population || !values || values.shape[0] !== shown.value.length) return {};
  const scores = shown.value.map((place) => population.scores[place]);
  return {
    columns: [
      { name: 'example', values: shown.value.map((place) => population.indices[place]) },
      bits ? { name: 'bits_per_dim', values: scores } : { name: 'nll', unit: 'nats', values: scores },
      ...valuesOf(values, 1),
    ],
    arrays: {
      examples: values,
      [bits ? 'bits_per_dim' : 'nats']: vector(scores.map((score) => score ?? NaN)),
    },
  };
}

export const examples: RegionFeature = {
  id: 'examples',
  region: 'gallery',
  title: () => words.examples,
  state: examplesState,
  View: Examples,
  numbers: exampleNumbers,
};
