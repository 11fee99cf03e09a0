/** Every kernel that can be traced, by its TensorFlow.js name. */
import { arrangeRules } from './arrange';
import { elementwiseRules } from './elementwise';
import { linearRules } from './linear';
import { normalizationRules } from './normalization';
import { reduceRules } from './reduce';
import type { KernelRules } from './rule';

export const kernelRules: KernelRules = {
  ...elementwiseRules,
  ...reduceRules,
  ...arrangeRules,
  ...linearRules,
  ...normalizationRules,
  // Our own, which TensorFlow.js does not have.
  FusedAdam: {
    inputs: ['param', 'm', 'v', 'gradient', 'learningRate', 'beta1Power', 'beta2Power'],
    infer: ([param], { beta1, beta2, epsilon }) => ({
      outputs: [param!, param!, param!],
      attrs: { beta1, beta2, epsilon },
    }),
  },
};
