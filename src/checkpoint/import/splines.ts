/** Maps of single features, by the number of values that a network gives for each: a shift, shift and scale, a spline. */
import { inverseSoftplus } from '../../base/softplus';
import type { TransformName } from '../../config/transforms';
import type { ImportQuestion } from '../../protocol/import';
import { mapColumns, type Values } from './chain-importer';

export interface FeatureMap {
  transform: TransformName;
  /** Bins of a spline. */
  bins?: number;
  /** Whether the spline has slopes of its own at both ends, as nflows' without tails, which map [0, 1]. */
  box?: true;
}

/** Limit of the config. */
const mostBins = 256;

/** What takes so many values a feature; a spline takes widths, heights and the slopes between its bins. */
export function featureMap(values: number): FeatureMap | undefined {
  if (values === 1) return { transform: 'additive' };
  if (values === 2) return { transform: 'affine' };
  const bins = binsOf(values + 1);
  return bins === undefined ? undefined : { transform: 'rationalQuadratic', bins };
}

/** A spline of nflows without tails, which takes the slopes at both ends too. */
export function boxSpline(values: number): FeatureMap | undefined {
  const bins = binsOf(values - 1);
  return bins === undefined ? undefined : { transform: 'rationalQuadratic', bins, box: true };
}

const binsOf = (values: number): number | undefined => {
  const bins = values / 3;
  return Number.isInteger(bins) && bins >= 2 && bins <= mostBins ? bins : undefined;
};

/** How many values a network gives for the spline of a feature. */
export const splineValues = (bins: number, box = false): number => 3 * bins + (box ? 1 : -1);

/** After "gives 7 values for 2 features; ". */
export const knownMaps =
  'known for each are 1 (a shift), 2 (shift and scale) and 3·bins − 1 (a spline of 2 to 256 bins)';

/** @param argument the library's own name for it */
export function boundQuestion(argument: 'bound' | 'tail_bound', fallback: number): ImportQuestion {
  return {
    key: argument === 'bound' ? 'bound' : 'tailBound',
    title: 'Bound of the splines',
    detail:
      `The \`${argument}\` argument, which a state dict does not hold: splines map from minus this to this, ` +
      'and change nothing outside.',
    answer: { kind: 'number', default: fallback, minimum: 1e-3 },
  };
}

/** Least share of a bin and least slope of nflows' splines, which normflows has too; also the least diagonal of LULinear. */
export const leastOfNflows = 1e-3;

/** Ours take softplus(u + this) + floor, so that 0 gives 1; what nflows has takes softplus(u) + floor. */
export const softplusOffset = inverseSoftplus(1 - leastOfNflows);

/** Ours from the values that nflows' splines take for the knots of a feature. @param at place among these values */
export function knotOf(u: number, at: number, bins: number): number {
  return at < 2 * bins ? u : u - softplusOffset;
}

/**
 * In place: the last layer of a network of nflows that gives the knots of each feature, one feature after the other.
 * @param width what the library divides widths and heights by the root of: a ResidualNet's width, and 1 for a MADE
 */
export function foldKnots(
  tensors: Record<string, Values>,
  layer: string,
  { bins, box }: { bins: number; box?: boolean },
  width: number,
): void {
  const values = splineValues(bins, box);
  mapColumns(tensors, layer, (x, column) => (column % values < 2 * bins ? x / Math.sqrt(width) : x));
  const bias = tensors[`${layer}.bias`]!;
  tensors[`${layer}.bias`] = { ...bias, data: bias.data.map((u, i) => knotOf(u, i % values, bins)) };
}
