/** Whether the samples of a conditional flow are distributed as the examples that come with the same context. */

/** Numbers that are uniform where a flow is calibrated: for each pair, the rank of the truth among its samples. */
export interface RankTest {
  /** Samples before the truth, 0 to draws, of each pair. */
  ranks: Int32Array;
  /** (rank + U) / (draws + 1) with U uniform in [0, 1): exactly uniform in [0, 1) for a calibrated flow. */
  places: Float64Array;
  /** Largest difference between the distribution function of the places and the uniform one (Kolmogorov–Smirnov). */
  distance: number;
  /** Chance that a calibrated flow shows this distance or a larger one. */
  pValue: number;
  /** Mean of the places; 0.5 where calibrated. */
  mean: number;
  /** Standard deviation of the places over the deviation of the uniform distribution; 1 where calibrated. */
  spread: number;
  /** Absent where the p-value is not below the threshold. */
  off?: CalibrationProblem;
  histogram: RankHistogram;
}

/** What is wrong with the samples, compared with the truth. Only TARP gives `skewed`, since it does not tell low from high. */
export type CalibrationProblem = 'too low' | 'too high' | 'too narrow' | 'too wide' | 'skewed';

/** Counts of places in bins of equal width. */
export interface RankHistogram {
  counts: number[];
  /** In each bin. */
  expected: number;
  /** 99% of the counts of a uniform distribution are in [low, high], in each bin. */
  low: number;
  high: number;
}

/** The share of truths within the region of highest density that holds a share `level` of the samples. */
export interface CoverageLevel {
  level: number;
  found: number;
  /** 99% of the shares that a calibrated flow shows are in [low, high]. */
  low: number;
  high: number;
}

export interface Calibration {
  pairs: number;
  /** Samples for each pair. */
  draws: number;
  /** A p-value below it counts as off: 0.01 over the number of tests (Bonferroni). */
  threshold: number;
  /** One test for each feature: where its true value ranks among the samples' values. */
  features: (RankTest & { name: string; /** Zero-based. */ feature: number })[];
  /** Rank of the truth among the samples by density, from the highest: its place is the least level that holds it. */
  coverage: RankTest & { levels: CoverageLevel[] };
  /** Rank of the truth among the samples by distance from a reference point: the x of another pair with a similar context. */
  tarp: RankTest;
  /** Values of samples, and log-densities, that are not finite. */
  nonFinite: number;
}

/** A run of calibration on examples of the flow's own data. */
export interface CalibrationSettings {
  split: 'train' | 'validation';
  /** At most. */
  pairs: number;
  /** Samples for each pair. */
  draws: number;
  seed: number;
}

export interface CalibrationQuery extends CalibrationSettings {
  /** 0 begins; then what `done` of the last answer says. */
  start: number;
}

/** Shares of truths by level, with what calibrated flows show. */
export interface RankCurve {
  levels: number[];
  /** Share of the places that are at most the level. */
  found: number[];
  /** 99% of the shares that a calibrated flow shows are in [low, high], at each level. */
  low: number[];
  high: number[];
}

/** Result for the pairs so far. */
export interface CalibrationPart {
  settings: CalibrationSettings;
  done: number;
  total: number;
  /** Absent until there are enough pairs. Holds the features that are farthest from uniform, in their order. */
  calibration?: Calibration;
  /** Number of all features. */
  featureCount: number;
  curves?: { coverage: RankCurve; tarp: RankCurve };
}
