/**
 * The spec of an image flow: its layers as listed, Glow's, or RealNVP's (paper, sections 3.6 and 4.1; recursion as in
 * the authors' released code): at each scale three checkerboard couplings, a squeeze, three channel-wise couplings, half of
 * the values factored out; four checkerboard couplings at the last scale. Unless the config says otherwise, widths double
 * with each scale and channel-wise conditioners have twice their scale's width.
 */
import { range } from '../../base/order';
import type { ImageLayerConfig } from '../../config/image-layers';
import { named, type Named } from '../../config/layer-folders';
import { transformOfModel } from '../../config/model-parts';
import type { ImageModelConfig } from '../../config/schema';
import { conditionsFirst } from '../core/masks';
import type { CouplingSpec, FlowSpec, LayerSpec, NetSpec, SplitSpec } from '../core/spec';
import { subpixelMajorChannels } from '../layers/squeeze';
import { imageLayers } from './image-layers';
import { normOptions } from './norm-options';

type Listed = Extract<ImageLayerConfig, { kind: 'coupling' }>;

function listedCoupling(config: ImageModelConfig, layer: Listed): CouplingSpec {
  const { outputOrder, outputLayout, normDecay } = config;
  return {
    kind: 'coupling',
    split: { kind: 'selected', mask: layer.mask },
    transform: { settings: transformOfModel(config, layer), decays: true },
    conditioner: {
      net: { kind: 'channels', net: layer.net },
      nets: layer.nets,
      outputs: { outputOrder, outputLayout },
      seesContext: layer.seesContext,
      normDecay,
    },
  };
}

/** @param channels of the layer's input */
function listed(config: ImageModelConfig, layer: Named<ImageLayerConfig>, channels: number): LayerSpec {
  const { name } = layer;
  const within = `${name}.within`;
  switch (layer.kind) {
    case 'coupling':
      return { name, ...listedCoupling(config, layer) };
    case 'squeeze':
      return { name, kind: 'squeeze', order: layer.order, within };
    case 'flatten':
      return { name, kind: 'flatten', within };
    case 'factorOut': {
      const all = range(channels);
      const order =
        layer.leaves === 'second' ? all : [...all.slice(channels / 2), ...all.slice(0, channels / 2)];
      return { name, kind: 'factorOut', order };
    }
    default:
      return layer;
  }
}

function listedLayers(
  config: ImageModelConfig,
  [height, width, channels]: readonly [number, number, number],
  layers: readonly ImageLayerConfig[],
): LayerSpec[] {
  let shape = [height, width, channels] as const;
  return named(layers).map((layer) => {
    const [h, w, c] = shape;
    if (layer.kind === 'squeeze') shape = [h / 2, w / 2, 4 * c];
    if (layer.kind === 'flatten') shape = [1, 1, h * w * c];
    if (layer.kind === 'factorOut') shape = [h, w, c / 2];
    return listed(config, layer, c);
  });
}

function coupling(
  config: ImageModelConfig,
  split: SplitSpec,
  net: Pick<Extract<NetSpec, { kind: 'weightNormalized' }>, 'width' | 'doubling' | 'maskChannel'>,
): CouplingSpec {
  const { outputOrder, outputLayout, normDecay } = config;
  return {
    kind: 'coupling',
    split,
    transform: { settings: transformOfModel(config), decays: true },
    conditioner: {
      net: {
        kind: 'weightNormalized',
        blocks: config.blocks,
        batchNorm: config.netNorm,
        normEpsilon: config.netNormEpsilon,
        normGain: config.netNormGain === 'gain-and-bias',
        allLengths: config.lengths === 'all',
        ...net,
      },
      nets: 'joint',
      outputs: { outputOrder, outputLayout },
      seesContext: false,
      normDecay,
    },
    ...(config.flowNorm ? { norm: normOptions(config, normDecay) } : {}),
  };
}

/** @param channels of the scale's input */
function scaleLayers(config: ImageModelConfig, scale: number, channels: number): LayerSpec[] {
  const at = `scales.${scale}`;
  const last = scale === config.scales - 1;
  const width = config.widthGrowth === 'double' ? config.base << scale : config.base;
  const spatial = range(last ? 4 : 3).map((i): LayerSpec => {
    const identity = conditionsFirst(config.polarity, i) ? 'even' : 'odd';
    const net = { width, doubling: config.inputDoubling, maskChannel: config.maskChannel };
    return { name: `${at}.checkerboard.${i}`, ...coupling(config, { kind: 'checkerboard', identity }, net) };
  });
  if (last) return spatial;
  const polarity = config.channelPolarity ?? config.polarity;
  const channelwise = range(3).map((i): LayerSpec => {
    const identity = conditionsFirst(polarity, i) ? 'first' : 'second';
    const net = { width: config.channelwiseWidth * width, doubling: false, maskChannel: false };
    return { name: `${at}.channelwise.${i}`, ...coupling(config, { kind: 'halves', identity }, net) };
  });
  // With `diagonal`, which half stays is decided by sub-pixel whatever the channel order of the squeeze: (0,0) and (1,1).
  const order =
    config.factorOut === 'diagonal' && config.squeeze === 'channel-major'
      ? subpixelMajorChannels(channels)
      : range(4 * channels);
  return [
    ...spatial,
    { name: `${at}.squeezed.squeeze`, kind: 'squeeze', order: config.squeeze, within: `${at}.squeezed` },
    ...channelwise,
    { name: `${at}.factorOut`, kind: 'factorOut', order },
    ...scaleLayers(config, scale + 1, 2 * channels),
  ];
}

/** The event shape [H, W, C] after padding. */
export function paddedShape(config: ImageModelConfig): [number, number, number] {
  return [config.height + 2 * config.pad, config.width + 2 * config.pad, config.channels];
}

export function imageSpec(config: ImageModelConfig): FlowSpec {
  const shape = paddedShape(config);
  const layers = imageLayers(config);
  return {
    shape,
    ...(config.context && layers ? { context: { kind: 'image', ...config.context } } : {}),
    layers: layers ? listedLayers(config, shape, layers) : scaleLayers(config, 0, config.channels),
    base: { kind: 'normal' },
  };
}
