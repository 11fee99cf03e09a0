import type { ModelSummary } from '../../../src/protocol/model';
import type { Store } from '../../base/store/store';
import { nameOf, vector, type ViewData } from '../../base/view-data/view-data';
import { conditionsState } from './state';

/** One row for each number of the context, one column for each layer that reads it. */
export function conditionNumbers(store: Store, model: ModelSummary): ViewData {
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
