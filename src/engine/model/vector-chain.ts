import type { ChainLayer } from '../../checkpoint/import/vector-chain';
import type { ModelConfig } from '../../config/schema';
import { vectorPlan } from '../../flow/vector-plan';

/** The layers of a vector flow, written out as a config can; none for images. */
export function chainOf(model: ModelConfig): ChainLayer[] {
  if (model.kind === 'image') return [];
  return vectorPlan(model).map((layer): ChainLayer =>
    layer.kind === 'coupling'
      ? { ...layer, mask: Array.from(layer.mask.data, (bit) => (bit === 1 ? 1 : 0)) }
      : layer,
  );
}
