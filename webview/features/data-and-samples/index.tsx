import type { RegionFeature, Store } from '../../base/store/store';
import { dataAndSamplesState } from './state';
import { text } from './text';
import { DataAndSamplesTab } from './view';
import './style.css';
import { columnsOf, type ViewData } from '../../base/view-data/view-data';

/** A row for each feature; of images a mean and a deviation of each pixel. */
function numbers(store: Store): ViewData {
  const found = store.state(dataAndSamplesState).compared.found.value;
  if (!found) return {};
  const { features, pixels, points } = found;
  return {
    ...(features.length > 0 && {
      columns: columnsOf({
        feature: features.map(({ name }) => name),
        distance: features.map(({ distance }) => distance),
        below: features.map(({ below }) => below),
        above: features.map(({ above }) => above),
      }),
    }),
    arrays: {
      ...(points ? { data: points.data, samples: points.samples } : {}),
      ...(pixels && {
        data_mean: pixels.data.mean,
        samples_mean: pixels.samples.mean,
        data_deviation: pixels.data.deviation,
        samples_deviation: pixels.samples.deviation,
      }),
    },
  };
}

export const dataAndSamples: RegionFeature = {
  id: 'data-and-samples',
  region: 'gallery',
  asks: 'dataAndSamples',
  title: () => text.tab,
  applies: ({ splits }) => splits.length > 0,
  isFirst: ({ kind, shape }) => kind === 'vector' && shape[0]! > 2,
  state: dataAndSamplesState,
  View: ({ model }) => <DataAndSamplesTab model={model} />,
  numbers,
};
