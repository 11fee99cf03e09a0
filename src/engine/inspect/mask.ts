import { UserError } from '../../config/user-error';
import type { MaskView } from '../../protocol/inspect';
import type { InspectedFlow } from '../model/inspected-flow';
import { layerAt } from './layer';

/** @throws UserError for a layer without a mask */
export function mask(model: InspectedFlow, query: { layer: number }): MaskView {
  const { info, flow } = layerAt(model, query.layer);
  const pattern = flow?.mask;
  if (!flow || !pattern) throw new UserError(`The layer ${info.name} has no mask; couplings have one.`);
  // What this layer no longer sees was factored out before it.
  const inImage = new Float32Array(model.dimensions).fill(NaN);
  flow.positions.forEach((position, i) => (inImage[position] = pattern.data[i]!));
  return {
    layer: info.index,
    mask: { shape: [...pattern.shape], data: pattern.data },
    inImage: { shape: [...model.flow.inputShape], data: inImage },
  };
}
