/** Samples of a flow compared with its data: do they look alike? */
import type { Finding } from './findings';
import type { NdArray } from './tensors';

/** How far samples are from the data. */
export type Sign = 'ok' | 'notice' | 'error';

/** From where on samples count as unlike the data. */
export const sampleLimits = {
  /** Share of equal sets that pass. */
  level: 0.99,
  /**
   * Kolmogorov–Smirnov distances, on top of what equal sets of the same counts show: sizes of effect, since of many values any flow
   * differs significantly. The bundled presets stay below, also after short trainings.
   */
  distance: { notice: 0.05, error: 0.1 },
  /** The same for the energy distance of ranks. That of pixels is small in so many dimensions, and any more than chance counts. */
  energy: 0.01,
  /** Share of samples outside of all values of the data. */
  outside: { notice: 0.01, error: 0.05 },
} as const;

/** The largest distance of a feature that counts as alike. @param band of `DataAndSamples` */
export const allowedDistance = (band: number): number => band + sampleLimits.distance.notice;

/** What to do about a feature, from what its values are like. */
export type Remedy =
  /** Nothing is negative; `plus` 1 where a value is 0. */
  | { kind: 'log'; plus: 0 | 1 }
  | { kind: 'logit' }
  | { kind: 'leave out' }
  | { kind: 'few values'; distinct: number }
  | { kind: 'train' };

export interface FeatureComparison {
  /** Zero-based. */
  feature: number;
  name: string;
  sign: Sign;
  /** Largest difference of the two distribution functions (Kolmogorov–Smirnov), 0 to 1. */
  distance: number;
  /** Shares of samples below the smallest and above the largest value of the data. */
  below: number;
  above: number;
  /** Quantiles of all data that were read, in data units. */
  smallest: number;
  median: number;
  largest: number;
  heavyTail?: true;
  /** Whole numbers that the data have few of: a sample counts as the nearest of them. */
  distinct?: number;
  /** Absent where the sign is `ok`. */
  remedy?: Remedy;
  histogram: SharedHistogram;
}

/** Shares of both sets in the same bins. What lies outside of all bins is in none. */
export interface SharedHistogram {
  edges: number[];
  data: number[];
  samples: number[];
  /** Bins are equal in asinh(x / unit); absent where they are equal in x. */
  unit?: number;
}

/** A mean and a standard deviation of each pixel, [H, W, C] in data units. */
export interface PixelMoments {
  mean: NdArray<Float32Array>;
  deviation: NdArray<Float32Array>;
}

export interface DataAndSamples {
  split: 'train' | 'validation';
  /** Examples of it that are compared. */
  examples: number;
  /** Samples at temperature 1; of a conditional flow, for the conditions of these examples. */
  samples: number;
  /** Samples among these with values that are not finite. They are left out. */
  nonFinite: number;
  /** For rows of numbers: those that are farthest apart, in their order. */
  features: FeatureComparison[];
  featureCount: number;
  /** 99% of equal sets of these counts have smaller distances in all features. */
  band: number;
  /**
   * Energy distance of ranks (rows of numbers) or pixels, over twice the mean distance between the sets: from 0, the same, to 1. With
   * what 99% of equal sets are below, and the largest that counts as alike.
   */
  energy: { distance: number; band: number; allowed: number };
  /** Some rows of both, of the features that are farthest apart: [n, features]. */
  points?: { features: number[]; data: NdArray<Float32Array>; samples: NdArray<Float32Array> };
  pixels?: { data: PixelMoments; samples: PixelMoments };
  /** The same in words. */
  finding: Finding;
}
