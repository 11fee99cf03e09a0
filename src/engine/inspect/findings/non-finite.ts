import { layerName } from '../../../protocol/model';
import { fine, type Check, type Found } from './check';

/** NaN or Inf anywhere in the batch. */
export const nonFinite: Check = ({ firstNonFinite, layers, count }): Found => {
  if (!firstNonFinite) {
    const sentence = `Every value of ${layers.length} layers is finite over ${count} examples.`;
    return fine('finite', sentence, { layers: layers.length, count });
  }
  const { layer, cause } = firstNonFinite;
  return {
    severity: 'error',
    kind: 'nonFinite',
    sentence: `NaN or Inf first appears in ${layerName(layers[layer]!.info)}. ${cause}`,
    advice:
      'Go back to a checkpoint before it appeared and train on with a lower learning rate, stronger clipping of gradients (training.clip) or, where layers scale, a bounded scale (scaleMap tanh-channel).',
    values: { cause, layers: layers.length, count },
    layer,
    tab: 'activations',
  };
};
