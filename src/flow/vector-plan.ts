/** The chain of a vector flow as its config says it, one entry a layer from data to latent. */
import type { VectorModelConfig } from '../config/schema';
import { featureMask, randomMask, randomOrder, type Mask } from './masks';

type WrittenOut = NonNullable<VectorModelConfig['layers']>[number];
export type PlannedCoupling = Omit<Extract<WrittenOut, { kind: 'coupling' }>, 'mask'> & { mask: Mask };
export type PlannedLayer = PlannedCoupling | Exclude<WrittenOut, { kind: 'coupling' }>;

function maskOf(config: VectorModelConfig, number: number): Mask {
  return config.mask === 'random'
    ? randomMask(config.dim, number, config.maskSeed)
    : featureMask(config.dim, number, config.mask, config.polarity);
}

function orderOf(config: VectorModelConfig, number: number): number[] {
  return config.permutation === 'reverse'
    ? Array.from({ length: config.dim }, (_, i) => config.dim - 1 - i)
    : randomOrder(config.dim, config.permutationSeed + number);
}

/** Every other layer goes through the features from the last to the first. */
function autoregressiveAt({ dim, sees }: VectorModelConfig, number: number): PlannedLayer {
  const order = Array.from({ length: dim }, (_, i) => (number % 2 === 0 ? i : dim - 1 - i));
  return { kind: 'autoregressive', order, sees };
}

function betweenOf({ between, reflections }: VectorModelConfig): PlannedLayer[] {
  switch (between) {
    case 'none':
      return [];
    case 'householder':
    case 'qr':
    case 'svd':
      return [{ kind: between, reflections }];
    default:
      return [{ kind: between }];
  }
}

export function vectorPlan(config: VectorModelConfig): PlannedLayer[] {
  if (config.layers) {
    return config.layers.map((layer) =>
      layer.kind === 'coupling'
        ? { ...layer, mask: { shape: [config.dim], data: Float32Array.from(layer.mask) } }
        : layer,
    );
  }
  return Array.from({ length: config.couplings }, (_, i): PlannedLayer[] => [
    ...(i > 0 && config.permutation !== 'none'
      ? [{ kind: 'permute' as const, order: orderOf(config, i) }]
      : []),
    config.layer === 'coupling' ? { kind: 'coupling', mask: maskOf(config, i) } : autoregressiveAt(config, i),
    ...betweenOf(config),
  ]).flat();
}
