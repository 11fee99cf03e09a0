import { UserError } from '../../../base/user-error';
import type { MaskView } from '../../../protocol/inspect';
import type { NdArray } from '../../../protocol/tensors';
import { type InspectedFlow, layerAt } from '../../model/inspected-flow';

/** @throws UserError for a layer without a mask */
export function mask(model: InspectedFlow, query: { layer: number }): MaskView {
  const { info, flow } = layerAt(model, query.layer);
  const pattern = flow?.mask;
  if (!flow || !pattern) throw new UserError(`The layer ${info.name} has no mask; couplings have one.`);
  return {
    layer: info.index,
    mask: { shape: [...pattern.shape], data: pattern.data },
    inImage: inImage(model, flow.positions, pattern.data),
  };
}

/** Values of a layer's elements at their places in the flow's input; NaN for what was factored out before the layer. */
export function inImage(
  model: InspectedFlow,
  positions: Int32Array,
  values: Float32Array,
): NdArray<Float32Array> {
  const data = new Float32Array(model.dimensions).fill(NaN);
  positions.forEach((position, i) => (data[position] = values[i]!));
  return { shape: [...model.flow.inputShape], data };
}
