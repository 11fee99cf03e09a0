/** Our own kernels, which TensorFlow.js does not have. */
import type { KernelRules } from './rule';

export const optimizerRules: KernelRules = {
  FusedAdam: {
    inputs: ['param', 'm', 'v', 'gradient', 'learningRate', 'beta1Power', 'beta2Power'],
    infer: ([param], { beta1, beta2, epsilon }) => ({
      outputs: [param!, param!, param!],
      attrs: { beta1, beta2, epsilon },
    }),
  },
};
