/** The transforms that a config can name. */
import type { ModelConfig } from '../../config/schema';
import type { TransformName } from '../../config/transforms';
import { additive } from './additive';
import { affine } from './affine';
import { inverseOf } from './inverse';
import { rationalQuadratic } from './rational-quadratic';
import { splineOfOwnInterval } from './rational-quadratic-interval';
import type { UnivariateTransform } from './types';

/** Axes over which the mean of s is removed, by the config's word for them. */
const meanAxes = { removed: [-1], pixel: [-1], image: [-3, -2, -1] } as const;

interface TransformSource {
  config: ModelConfig;
  /** Of a coupling over images, or of the model of vectors. */
  scaleMean?: keyof typeof meanAxes;
  /** Of the layer. */
  name: string;
  /** Channels or features that are transformed. */
  features: number;
}

const makers: Record<TransformName, (source: TransformSource) => UnivariateTransform> = {
  affine({ config, name, features, scaleMean }) {
    const over = config.kind === 'vector' && config.scaleMean === 'removed' ? 'removed' : scaleMean;
    return affine({
      name,
      features,
      form: config.affine,
      scaleMap: { kind: config.scaleMap, epsilon: config.scaleEpsilon, clamp: config.scaleClamp },
      ...(over ? { centered: meanAxes[over] } : {}),
      // The paper regularizes the learned scales of image flows (section 4.1).
      decayScale: config.kind === 'image',
    });
  },
  additive: () => additive,
  rationalQuadratic({ config }) {
    if (config.splineInterval) return splineOfOwnInterval(config.bins, config.splineInterval);
    const spline = rationalQuadratic({
      bins: config.bins,
      bound: config.splineBound,
      center: config.splineCenter,
      ends: config.splineEnds,
      map: config.splineMap,
      floor: config.splineFloor,
      slope: config.splineSlope,
    });
    return config.splineDirection === 'inverse' ? inverseOf(spline) : spline;
  },
};

export function transformOf(source: TransformSource): UnivariateTransform {
  return makers[source.config.transform](source);
}
