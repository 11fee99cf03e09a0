import type { NetworkView } from '../../protocol/inspect';
import type { FlowModel } from '../model/flow-model';
import { layerAt } from './layer';
import { histogramOf, statsOf } from './statistics';

/** The tensors of a layer as they are stored. */
export function network(model: FlowModel, query: { layer: number }): NetworkView {
  const { info, flow } = layerAt(model, query.layer);
  const { parameters = [], state = [] } = flow?.bijection ?? {};
  return {
    layer: info.index,
    parameters: parameters.map(({ name, shape }) => {
      const { data } = model.tensors[name]!;
      const stats = statsOf(data);
      return { name, shape: [...shape], stats, histogram: histogramOf(data, stats, 32) };
    }),
    state: state.map(({ name, shape }) => ({
      name,
      shape: [...shape],
      stats: statsOf(model.tensors[name]!.data),
    })),
  };
}
