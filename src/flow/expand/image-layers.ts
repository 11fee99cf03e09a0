/** The layers of an image flow, from data to latent, as its config can list them. */
import type { ImageLayerConfig, ImageNetConfig } from '../../config/image-layers';
import type { ImageModelConfig } from '../../config/schema';
import { randomOrder } from '../core/masks';

/** Those of the config, or Glow's; undefined for RealNVP, which no list describes. */
export function imageLayers(config: ImageModelConfig): readonly ImageLayerConfig[] | undefined {
  return config.layers ?? (config.architecture === 'glow' ? glow(config, config.channels) : undefined);
}

/**
 * Glow (Kingma and Dhariwal 2018, figure 2): at each scale a squeeze, steps of act norm, 1×1 convolution and coupling, and
 * half of the channels factored out. 1×1 convolutions start as random permutations.
 */
function glow(config: ImageModelConfig, imageChannels: number): ImageLayerConfig[] {
  const chain: ImageLayerConfig[] = [];
  const learned = config.priors === 'learned';
  const prior = {
    kind: 'prior',
    kernel: 3,
    of: 'channels',
    padding: 'zeros',
    outputLayout: 'halves',
    seesContext: false,
  } as const;
  let channels = imageChannels;
  for (let scale = 0; scale < config.scales; scale++) {
    channels *= 4;
    const width = config.widthGrowth === 'double' ? config.base << scale : config.base;
    const net: ImageNetConfig = {
      kind: 'convolutions',
      kernels: [3, 1, 3],
      widths: [width, width],
      activation: 'relu',
      slope: 0,
      padding: 'zeros',
      scaled: true,
    };
    const mask = Array.from({ length: channels }, (_, i) => (i < channels / 2 ? (1 as const) : (0 as const)));
    chain.push({ kind: 'squeeze', order: config.squeeze });
    for (let step = 0; step < config.steps; step++) {
      const order = randomOrder(channels, scale * config.steps + step);
      chain.push(
        { kind: 'actNorm' },
        { kind: 'conv1x1', order, signs: order.map(() => 1 as const), bias: false },
        { kind: 'coupling', mask, net, nets: 'joint', seesContext: false },
      );
    }
    const last = scale === config.scales - 1;
    if (learned && !last) chain.push({ ...prior, given: 'first', scaled: true });
    if (learned && last) chain.push({ ...prior, given: 'nothing', kernel: undefined, scaled: false });
    if (!last) chain.push({ kind: 'factorOut', leaves: 'second' });
    channels /= 2;
  }
  return chain;
}
