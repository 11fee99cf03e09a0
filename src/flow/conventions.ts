/** The fields of a config that say how couplings of all kinds work, as the pieces of a flow take them. */
import type { ModelConfig } from '../config/schema';
import type { NormOptions } from './batch-statistics';

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

/** Of the batch normalization after each coupling, where the config asks for one. */
export function flowNormOptions(config: ModelConfig, decay: number): NormOptions | undefined {
  return config.flowNorm ? normOptions(config, decay) : undefined;
}
