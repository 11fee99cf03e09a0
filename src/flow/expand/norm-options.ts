/** What a config says of batch normalization in the flow. */
import type { ModelConfig } from '../../config/schema';
import type { NormOptions } from '../core/spec';

/** @param decay share of the new batch in running statistics */
export function normOptions(config: ModelConfig, decay: number): NormOptions {
  return {
    decay,
    epsilon: config.normEpsilon,
    variance: config.normVariance,
    over: config.normOver,
    statistics: config.normStatistics,
  };
}
