/** The transforms that a config can name. */
import type { ModelConfig } from '../../config/schema';
import type { TransformName } from '../../config/transforms';
import { additive } from './additive';
import { affine } from './affine';
import { rationalQuadratic } from './rational-quadratic';
import { splineOfOwnInterval } from './rational-quadratic-interval';
import type { UnivariateTransform } from './types';

interface TransformSource {
  config: ModelConfig;
  /** Of the layer. */
  name: string;
  /** Channels or features that are transformed. */
  features: number;
}

const makers: Record<TransformName, (source: TransformSource) => UnivariateTransform> = {
  affine: ({ config, name, features }) =>
    affine({
      name,
      features,
      form: config.affine,
      scaleMap: { kind: config.scaleMap, epsilon: config.scaleEpsilon, clamp: config.scaleClamp },
      centered: config.kind === 'vector' && config.scaleMean === 'removed',
      // The paper regularizes the learned scales of image flows (section 4.1).
      decayScale: config.kind === 'image',
    }),
  additive: () => additive,
  rationalQuadratic: ({ config }) =>
    config.splineInterval
      ? splineOfOwnInterval(config.bins, config.splineInterval)
      : rationalQuadratic({
          bins: config.bins,
          bound: config.splineBound,
          center: config.splineCenter,
          ends: config.splineEnds,
          map: config.splineMap,
          floor: config.splineFloor,
          slope: config.splineSlope,
        }),
};

export function transformOf(source: TransformSource): UnivariateTransform {
  return makers[source.config.transform](source);
}
