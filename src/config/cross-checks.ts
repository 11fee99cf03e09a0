import { checkVector } from './check-vector';
import type { Problem } from './problem';
import type { ImageModelConfig, ModelConfig, StoredConfig } from './schema';

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

function checkSpline({ transform, splineMap, splineFloor, bins }: ModelConfig): Problem[] {
  if (transform !== 'rationalQuadratic' || splineMap === 'soft-clip') return [];
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

/** Values of an image with its padding: 1024×1024 pixels of 16 channels. A flow makes masks of that size before anything else. */
const mostValues = 2 ** 24;

function checkImage(model: ImageModelConfig): Problem[] {
  const { height, width, channels, pad, scales } = model;
  const values = (height + 2 * pad) * (width + 2 * pad) * channels;
  if (values > mostValues) {
    return [
      {
        path: 'model.pad',
        message: `expected at most ${mostValues} values in an image with its padding, got ${values}; use smaller images or less padding`,
      },
    ];
  }
  // Every scale but the last halves height and width.
  const unit = 2 ** (scales - 1);
  const fits = (size: number, by: number) => (size + 2 * by) % unit === 0;
  if (!fits(height, pad) || !fits(width, pad)) {
    const padded = `${height + 2 * pad}×${width + 2 * pad}`;
    const other = smallestPad(model);
    const most = 1 + Math.min(twos(height + 2 * pad), twos(width + 2 * pad));
    const advice =
      other === undefined
        ? `no padding makes ${height}×${width} divisible; expected scales ≤ ${most}`
        : `expected pad ${other}, or scales ≤ ${most}`;
    return [
      {
        path: 'model.scales',
        message: `${scales} scales need a height and width divisible by ${unit}, and the padded image is ${padded}; ${advice}`,
      },
    ];
  }
  const last = [(height + 2 * pad) / unit, (width + 2 * pad) / unit] as const;
  if (last[0] * last[1] < 2) {
    return [
      {
        path: 'model.scales',
        message: `with ${scales} scales, the last one has 1×1 pixels, too few for a checkerboard; expected fewer scales`,
      },
    ];
  }
  return [];
}

/** The least padding, at least the present one, with which all scales fit; undefined when none does. */
export function smallestPad(
  model: Pick<ImageModelConfig, 'height' | 'width' | 'pad' | 'scales'>,
): number | undefined {
  const unit = 2 ** (model.scales - 1);
  for (let pad = model.pad; pad < model.pad + unit; pad++) {
    if ((model.height + 2 * pad) % unit === 0 && (model.width + 2 * pad) % unit === 0) return pad;
  }
  return undefined;
}

/** How often a number can be halved. */
function twos(n: number): number {
  let count = 0;
  for (let rest = n; rest % 2 === 0; rest /= 2) count++;
  return count;
}
