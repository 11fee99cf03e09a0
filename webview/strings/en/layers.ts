/** What a layer does, in a line. */
import type { LayerInfo } from '../../../src/protocol/model';

export const layers = {
  /** The engine says it in English. */
  layerDescription: (layer: LayerInfo): string => layer.description,
};
