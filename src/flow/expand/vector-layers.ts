/** The layers of a vector flow, from data to latent, as its config can list them. */
import { range } from '../../base/order';
import type { VectorModelConfig } from '../../config/schema';
import { featureMask, randomMask, randomOrder } from '../core/masks';

export type VectorLayer = NonNullable<VectorModelConfig['layers']>[number];

function couplingAt(config: VectorModelConfig, number: number): VectorLayer {
  const { data } =
    config.mask === 'random'
      ? randomMask(config.dim, number, config.maskSeed)
      : featureMask(config.dim, number, config.mask, config.polarity);
  return { kind: 'coupling', mask: Array.from(data, (bit) => (bit === 1 ? 1 : 0)) };
}

function orderOf(config: VectorModelConfig, number: number): number[] {
  return config.permutation === 'reverse'
    ? range(config.dim).reverse()
    : randomOrder(config.dim, config.permutationSeed + number);
}

/** Every other layer goes through the features from the last to the first. */
function autoregressiveAt({ dim, sees }: VectorModelConfig, number: number): VectorLayer {
  const order = Array.from({ length: dim }, (_, i) => (number % 2 === 0 ? i : dim - 1 - i));
  return { kind: 'autoregressive', order, sees };
}

function betweenOf({ between, reflections }: VectorModelConfig): VectorLayer[] {
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

export function vectorLayers(config: VectorModelConfig): readonly VectorLayer[] {
  if (config.layers) return config.layers;
  return Array.from({ length: config.couplings }, (_, i): VectorLayer[] => [
    ...(i > 0 && config.permutation !== 'none'
      ? [{ kind: 'permute' as const, order: orderOf(config, i) }]
      : []),
    config.layer === 'coupling' ? couplingAt(config, i) : autoregressiveAt(config, i),
    ...betweenOf(config),
  ]).flat();
}
