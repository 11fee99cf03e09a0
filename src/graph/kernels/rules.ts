/** Every kernel that can be traced, by its TensorFlow.js name. */
import { arrangeRules } from './arrange';
import { elementwiseRules } from './elementwise';
import { linearRules } from './linear';
import { normalizationRules } from './normalization';
import { optimizerRules } from './optimizer';
import { reduceRules } from './reduce';
import type { KernelRules } from './rule';

export const kernelRules: KernelRules = {
  ...elementwiseRules,
  ...reduceRules,
  ...arrangeRules,
  ...linearRules,
  ...normalizationRules,
  ...optimizerRules,
};
