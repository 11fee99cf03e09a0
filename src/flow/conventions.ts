/** The fields of a config that say how couplings of all kinds work, as the pieces of a flow take them. */
import type { ModelConfig } from '../config/schema';
import type { AffineForm } from './affine-forms';
import type { NormOptions } from './batch-statistics';
import type { ScaleMapOptions } from './scale-maps';

export interface CouplingConventions {
  form: AffineForm;
  scaleMap: ScaleMapOptions;
  /** Adds batch normalization of the output. */
  norm?: NormOptions;
}

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

export function couplingConventions(config: ModelConfig, decay: number): CouplingConventions {
  return {
    form: config.affine,
    scaleMap: { kind: config.scaleMap, epsilon: config.scaleEpsilon, clamp: config.scaleClamp },
    ...(config.flowNorm ? { norm: normOptions(config, decay) } : {}),
  };
}
