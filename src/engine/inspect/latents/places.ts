import type { InspectedFlow } from '../../model/inspected-flow';

/** Place in the flow's input of each element of z; undefined where z has the order of the input. */
export function latentPlaces(model: InspectedFlow): Int32Array | undefined {
  if (model.latentPositions) return model.latentPositions;
  // Latents of images are at their places already.
  if (model.config.kind === 'image') return undefined;
  // The last layer keeps the order of its input.
  const last = model.layers[model.layers.length - 1]?.flow;
  return last?.positions.length === model.dimensions ? last.positions : undefined;
}
