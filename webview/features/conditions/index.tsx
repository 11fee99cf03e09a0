import { hasConditions } from '../../../src/protocol/questions';
import type { LayerFeature, Store } from '../../base/store/store';
import { conditionsState } from './state';
import { text } from './text';
import { ConditionsTab } from './view';
import './style.css';
import type { ModelSummary } from '../../../src/protocol/model';
import { nameOf, vector, type ViewData } from '../../base/view-data/view-data';

/** One row for each number of the context, one column for each layer that reads it. */
function conditionNumbers(store: Store, model: ModelSummary): ViewData {
  const use = store.state(conditionsState).use.found.value;
  if (!use) return {};
  const conditions = Array.from(use.flow, (_, i) => i);
  return {
    columns: [
      { name: 'condition', values: conditions.map((i) => model.context?.names[i] ?? String(i)) },
      ...use.reads.flatMap((reads, layer) =>
        reads
          ? [
              {
                name: nameOf(model, layer),
                values: conditions.map((i) => use.layers.data[layer * use.flow.length + i]),
              },
            ]
          : [],
      ),
      { name: 'flow', values: [...use.flow] },
    ],
    arrays: { layers: use.layers, flow: vector(use.flow) },
  };
}

export const conditions: LayerFeature = {
  id: 'conditions',
  region: 'layer',
  title: () => text.tab,
  applies: hasConditions,
  ofData: true,
  state: conditionsState,
  View: ({ model, layer }) => <ConditionsTab model={model} layer={layer} />,
  numbers: conditionNumbers,
};
