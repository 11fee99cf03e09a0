/** What a model says of all of its layers, as the transform and the network of each. */
import type { NetConfig, TransformConfig } from './layer-parts';
import type { ModelConfig, VectorModelConfig } from './schema';

type Affine = Extract<TransformConfig, { kind: 'affine' }>;

/** @param layer what a layer says of it besides */
export function transformOfModel(
  config: ModelConfig,
  layer: Partial<Pick<Affine, 'scaleMap' | 'scaleClamp' | 'scaleMean'>> = {},
): TransformConfig {
  const { transform } = config;
  if (typeof transform !== 'string') return transform;
  switch (transform) {
    case 'affine':
      return {
        kind: 'affine',
        form: config.affine,
        scaleMap: layer.scaleMap ?? config.scaleMap,
        scaleEpsilon: config.scaleEpsilon,
        scaleClamp: layer.scaleClamp ?? config.scaleClamp,
        scaleMean: layer.scaleMean ?? (config.kind === 'vector' ? config.scaleMean : 'kept'),
      };
    case 'additive':
      return { kind: 'additive' };
    case 'rationalQuadratic':
      if (config.splineInterval)
        return { kind: 'intervalSpline', bins: config.bins, interval: config.splineInterval };
      return {
        kind: 'rationalQuadratic',
        bins: config.bins,
        bound: config.splineBound,
        center: config.splineCenter,
        ends: config.splineEnds,
        direction: config.splineDirection,
        map: config.splineMap,
        floor: config.splineFloor,
        slope: config.splineSlope,
      };
  }
}

export function netOfModel(config: VectorModelConfig): NetConfig {
  const { hidden, activation, slope, contextEntry } = config;
  switch (config.net) {
    case 'mlp':
      return { kind: 'mlp', hidden, activation, slope, contextEntry };
    case 'residual':
      return {
        kind: 'residual',
        width: hidden[0]!,
        blocks: config.blocks,
        blockStart: config.blockStart,
        batchNorm: config.netNorm,
        ...{ activation, slope, contextEntry, contextInBlocks: config.contextInBlocks },
      };
    case 'dense':
      return {
        kind: 'dense',
        ...{ hidden, skips: config.denseSkips, norm: config.denseNorm, activation, slope },
      };
  }
}
