import type { NetworkView } from '../../../protocol/inspect';
import { type InspectedFlow, layerAt } from '../../model/inspected-flow';
import { axesOf } from './weight';
import { histogramOf, statsOf } from '../statistics';

/** The tensors of a layer as they are stored. */
export function network(model: InspectedFlow, query: { layer: number }): NetworkView {
  const { info, bijection } = layerAt(model, query.layer);
  if (model.recorded) return model.recorded.network(info.index);
  const { parameters = [], state = [] } = bijection ?? {};
  return {
    layer: info.index,
    parameters: parameters.map(({ name, shape }) => {
      const { data } = model.tensors[name]!;
      const stats = statsOf(data);
      return {
        name,
        shape: [...shape],
        stats,
        histogram: histogramOf(data, stats, 32),
        axes: axesOf(model, shape.length),
      };
    }),
    state: state.map(({ name, shape }) => ({
      name,
      shape: [...shape],
      stats: statsOf(model.tensors[name]!.data),
    })),
    ...(model.inner?.names(info.index) ?? { stages: [], norms: [] }),
  };
}
