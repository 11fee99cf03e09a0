import { layerName } from '../../../protocol/model';
import type { Finding } from '../../../protocol/findings';
import type { Check } from './check';

/** NaN or Inf anywhere in the batch. */
export const nonFinite: Check = ({ firstNonFinite, layers, count }): Finding => {
  if (!firstNonFinite) {
    return {
      check: 'nonFinite',
      severity: 'ok',
      kind: 'finite',
      sentence: `Every value of ${layers.length} layers is finite over ${count} examples.`,
      values: { layers: layers.length, count },
    };
  }
  const { layer, cause } = firstNonFinite;
  return {
    check: 'nonFinite',
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
