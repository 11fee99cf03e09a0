import type { ChainLayer } from '../../checkpoint/import/vector-chain';
import type { ModelConfig } from '../../config/schema';
import { vectorLayers } from '../../flow/expand/vector-layers';

/** The layers of a vector flow, written out as a config can; none for images. */
export function chainOf(model: ModelConfig): readonly ChainLayer[] {
  return model.kind === 'image' ? [] : vectorLayers(model);
}
