import { checkImage } from './check-image';
import { checkVector } from './check-vector';
import type { SplineInterval } from './convention-fields';
import type { Problem } from './problem';
import type { ModelConfig, StoredConfig } from './schema';

/** What single fields cannot tell: settings that do not go together. */
export function checkTogether({ data, model, training }: StoredConfig): Problem[] {
  const problems: Problem[] = [];
  problems.push(
    ...(model.kind === 'image' ? checkImage(model) : checkVector(model)),
    ...checkScaleMap(model),
    ...checkSpline(model),
  );
  if (training.warmupSteps >= training.steps) {
    problems.push({
      path: 'training.warmupSteps',
      message: `expected fewer than the ${training.steps} steps, got ${training.warmupSteps}`,
    });
  }
  if (training.schedule !== 'constant' && training.finalLearningRate > training.learningRate) {
    problems.push({
      path: 'training.finalLearningRate',
      message: `expected at most the learning rate ${training.learningRate}, got ${training.finalLearningRate}`,
    });
  }
  if (training.schedule === 'exponential' && training.finalLearningRate === 0) {
    problems.push({
      path: 'training.finalLearningRate',
      message: 'expected a number > 0 for an exponential schedule, which never reaches 0',
    });
  }
  if (training.patience > 0 && data?.validation === 0) {
    problems.push({
      path: 'training.patience',
      message: 'early stopping needs held-out examples; set data.validation above 0 or patience to 0',
    });
  }
  if (data?.missing === 'mean' && !data.standardize) {
    problems.push({
      path: 'data.missing',
      message:
        'expected "error" or "drop" with data.standardize false, since the means that fill gaps are kept with standardization',
    });
  }
  if (training.flips && model.kind === 'vector') {
    problems.push({ path: 'training.flips', message: 'expected false, since only images can be flipped' });
  }
  return problems;
}

const needsEpsilon: ReadonlySet<ModelConfig['scaleMap']> = new Set([
  'softplus',
  'softplus-clamp',
  'soft-clip',
]);

function checkScaleMap({ scaleMap, scaleEpsilon }: ModelConfig): Problem[] {
  if (scaleEpsilon > 0 || !needsEpsilon.has(scaleMap)) return [];
  const reason =
    scaleMap === 'soft-clip'
      ? 'soft-clip bounds s by its logarithm'
      : `without it ${scaleMap} can reach 0, where the flow has no inverse`;
  return [{ path: 'model.scaleEpsilon', message: `expected a number > 0 and < 1, since ${reason}` }];
}

function checkSpline(model: ModelConfig): Problem[] {
  const { transform, splineMap, splineFloor, splineInterval, bins } = model;
  if (transform !== 'rationalQuadratic') return [];
  if (splineInterval) return checkInterval(splineInterval, bins);
  if (model.splineEnds === 'half-turn' && model.splineDirection === 'inverse') {
    return [
      {
        path: 'model.splineDirection',
        message: 'expected forward, since half-turn splines run that way only',
      },
    ];
  }
  if (splineMap === 'soft-clip') return [];
  const shares = splineMap === 'softmax-halves' ? bins - 1 : bins;
  const problems: Problem[] = [];
  if (shares < 2) {
    problems.push({ path: 'model.bins', message: `expected at least 3 for softmax-halves, got ${bins}` });
  }
  if (splineFloor * shares >= 1) {
    problems.push({
      path: 'model.splineFloor',
      message: `expected less than 1/${shares}, since ${shares} shares of at least that have to fit the interval, got ${splineFloor}`,
    });
  }
  return problems;
}

/** Whether the domain has room for what is at least there. */
function checkInterval({ domain, ...least }: SplineInterval, bins: number): Problem[] {
  const [left, right, bottom, top] = domain;
  const sides = [
    { what: 'wide', size: right - left, least: Math.max(least.leastWidth, bins * least.leastBinWidth) },
    { what: 'high', size: top - bottom, least: Math.max(least.leastHeight, bins * least.leastBinHeight) },
  ];
  return sides.flatMap(({ what, size, least }): Problem[] =>
    size >= least
      ? []
      : [
          {
            path: 'model.splineInterval.domain',
            message: `expected edges (left, right, bottom, top) at least ${least} ${what}, which ${bins} bins and the interval need, got ${size}`,
          },
        ],
  );
}
