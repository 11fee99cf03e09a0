/** Settings of a transform that do not go together. */
import type { SplineInterval } from './convention-fields';
import type { TransformConfig } from './layer-parts';
import { transformOfModel } from './model-parts';
import { problem, type Problem } from './problem';
import type { ModelConfig } from './schema';

type Affine = Extract<TransformConfig, { kind: 'affine' }>;
type Spline = Extract<TransformConfig, { kind: 'rationalQuadratic' }>;

const needsEpsilon: ReadonlySet<Affine['scaleMap']> = new Set(['softplus', 'softplus-clamp', 'soft-clip']);

/** @param at path of a setting in the config */
export function checkTransform(transform: TransformConfig, at: (setting: string) => string): Problem[] {
  switch (transform.kind) {
    case 'affine':
      return checkScaleMap(transform, at);
    case 'rationalQuadratic':
      return checkSpline(transform, at);
    case 'intervalSpline':
      return checkInterval(transform.interval, transform.bins, at('interval.domain'));
    default:
      return [];
  }
}

/** What a model calls the settings of its splines. */
const modelFields: Readonly<Record<string, string>> = {
  direction: 'splineDirection',
  floor: 'splineFloor',
  'interval.domain': 'splineInterval.domain',
};

/** What the fields of a model say; an object is checked in its place. */
export const checkTransformOfModel = (model: ModelConfig): Problem[] =>
  typeof model.transform === 'string'
    ? checkTransform(transformOfModel(model), (setting) => `model.${modelFields[setting] ?? setting}`)
    : [];

function checkScaleMap({ scaleMap, scaleEpsilon }: Affine, at: (setting: string) => string): Problem[] {
  if (scaleEpsilon > 0 || !needsEpsilon.has(scaleMap)) return [];
  const reason =
    scaleMap === 'soft-clip'
      ? 'soft-clip bounds s by its logarithm'
      : `without it ${scaleMap} can reach 0, where the flow has no inverse`;
  return problem(at('scaleEpsilon'), `expected a number > 0 and < 1, since ${reason}`);
}

function checkSpline(
  { map, floor, bins, ends, direction }: Spline,
  at: (setting: string) => string,
): Problem[] {
  if (ends === 'half-turn' && direction === 'inverse')
    return problem(at('direction'), 'expected forward, since half-turn splines run that way only');
  if (map === 'soft-clip') return [];
  const shares = map === 'softmax-halves' ? bins - 1 : bins;
  const problems: Problem[] = [];
  if (shares < 2)
    problems.push({ path: at('bins'), message: `expected at least 3 for softmax-halves, got ${bins}` });
  if (floor * shares >= 1) {
    problems.push({
      path: at('floor'),
      message: `expected less than 1/${shares}, since ${shares} shares of at least that have to fit the interval, got ${floor}`,
    });
  }
  return problems;
}

/** Whether the domain has room for what is at least there. */
function checkInterval({ domain, ...least }: SplineInterval, bins: number, path: string): Problem[] {
  const [left, right, bottom, top] = domain;
  const sides = [
    { what: 'wide', size: right - left, least: Math.max(least.leastWidth, bins * least.leastBinWidth) },
    { what: 'high', size: top - bottom, least: Math.max(least.leastHeight, bins * least.leastBinHeight) },
  ];
  return sides.flatMap(({ what, size, least }): Problem[] =>
    size >= least
      ? []
      : problem(
          path,
          `expected edges (left, right, bottom, top) at least ${least} ${what}, which ${bins} bins and the interval need, got ${size}`,
        ),
  );
}
