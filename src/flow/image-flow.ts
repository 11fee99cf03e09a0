/**
 * Flows for images: a chain, where one is written out or Glow's (image-chain.ts), else RealNVP (paper, sections 3.6 and 4.1; recursion as in the authors' released code): at each scale three
 * checkerboard couplings, a squeeze, three channel-wise couplings, half of the values factored out; four checkerboard
 * couplings at the last scale. Unless the config says otherwise, widths double with each scale and channel-wise
 * conditioners have twice their scale's width.
 */
import type { ImageModelConfig } from '../config/schema';
import { standardNormal } from './bases/standard-normal';
import type { Bijection } from './bijection';
import { imageChain } from './image-chain';
import { imagePlan } from './image-plan';
import { flowNormOptions } from './conventions';
import { coupling } from './coupling';
import type { Flow, FlowLayer } from './layers';
import { channelMask, checkerboardMask, type Mask } from './masks';
import { factorOut, folded } from './multi-scale';
import { jointConditioner, valuesTaken } from './nets/conditioner';
import { residualNet, type ResidualNetOptions } from './nets/residual';
import { channelPositions, composed } from './positions';
import { counting, type Room } from './room';
import { sequence } from './sequence';
import { halves, masked, type Split } from './splits';
import { squeeze, squeezePositions, squeezedShape, subpixelMajorChannels, type ImageShape } from './squeeze';
import { transformOf } from './transforms/transforms';

interface Build {
  config: ImageModelConfig;
  counted: ReturnType<typeof counting>;
  layers: FlowLayer[];
  couplings: number;
}

type MakeCoupling = (
  build: Build,
  shape: ImageShape,
  scale: number,
  number: number,
  positions: Int32Array,
) => Bijection;

function netOptions(config: ImageModelConfig) {
  return {
    blocks: config.blocks,
    batchNorm: config.netNorm,
    normDecay: config.normDecay,
    normEpsilon: config.netNormEpsilon,
    normGain: config.netNormGain === 'gain-and-bias',
    allLengths: config.lengths === 'all',
  };
}

function widthAt(config: ImageModelConfig, scale: number): number {
  return config.widthGrowth === 'double' ? config.base << scale : config.base;
}

/** Adds a coupling to the rows of the flow. */
function listed(
  build: Build,
  bijection: Bijection,
  row: Pick<FlowLayer, 'kind' | 'scale' | 'positions'> & { mask: Mask },
): Bijection {
  const { name, inputShape, outputShape } = build.counted(bijection);
  const coupling = build.couplings++;
  build.layers.push({
    name,
    inputShape,
    outputShape,
    coupling,
    bijection,
    hasNorm: build.config.flowNorm,
    ...row,
  });
  return bijection;
}

/** @param net of its network, which sees the identity part and answers for as many transformed channels */
function imageCoupling(
  config: ImageModelConfig,
  name: string,
  shape: ImageShape,
  split: Split,
  net: Pick<ResidualNetOptions, 'width' | 'doubling' | 'maskChannel'>,
): Bijection {
  const channels = split.identityShape[2]!;
  const transform = transformOf({ config, name, features: channels });
  return coupling({
    name,
    shape,
    split,
    transform,
    conditioner: jointConditioner(
      residualNet({
        ...netOptions(config),
        name: `${name}.net`,
        channels,
        outputs: valuesTaken(transform.takes) * channels,
        ...net,
      }),
      transform.takes,
      config,
    ),
    norm: flowNormOptions(config, config.normDecay),
  });
}

const checkerboard: MakeCoupling = (build, shape, scale, number, positions) => {
  const { config } = build;
  const mask = checkerboardMask(shape, number, config.polarity);
  const bijection = imageCoupling(config, `scales.${scale}.checkerboard.${number}`, shape, masked(mask), {
    width: widthAt(config, scale),
    doubling: config.inputDoubling,
    ...(config.maskChannel ? { maskChannel: mask } : {}),
  });
  return listed(build, bijection, { kind: 'checkerboard', scale, mask, positions });
};

const channelwise: MakeCoupling = (build, shape, scale, number, positions) => {
  const { config } = build;
  const mask = channelMask(shape, number, config.channelPolarity ?? config.polarity);
  const split = halves(shape, mask.data[0] === 1);
  const bijection = imageCoupling(config, `scales.${scale}.channelwise.${number}`, shape, split, {
    width: config.channelwiseWidth * widthAt(config, scale),
    doubling: false,
  });
  return listed(build, bijection, { kind: 'channelwise', scale, mask, positions });
};

function repeat(count: number, make: (number: number) => Bijection): Bijection[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

function scaleOf(build: Build, shape: ImageShape, scale: number, positions: Int32Array): Bijection {
  const { config } = build;
  const last = scale === config.scales - 1;
  const spatial = repeat(last ? 4 : 3, (i) => checkerboard(build, shape, scale, i, positions));
  if (last) return sequence(`scales.${scale}`, spatial);

  const name = `scales.${scale}.squeezed`;
  const foldedShape = squeezedShape(shape);
  build.layers.push({
    name: `${name}.squeeze`,
    kind: 'squeeze',
    scale,
    inputShape: shape,
    outputShape: foldedShape,
    hasNorm: false,
    positions,
  });
  const foldedPositions = composed(positions, squeezePositions(shape, config.squeeze));
  const channels = repeat(3, (i) => channelwise(build, foldedShape, scale, i, foldedPositions));

  // With `diagonal`, which half stays is decided by sub-pixel whatever the channel order of the squeeze: (0,0) and (1,1).
  const order =
    config.factorOut === 'diagonal' && config.squeeze === 'channel-major'
      ? subpixelMajorChannels(shape[2])
      : Array.from({ length: foldedShape[2] }, (_, i) => i);
  const kept: [number, number, number] = [foldedShape[0], foldedShape[1], foldedShape[2] / 2];
  const splitName = `scales.${scale}.factorOut`;
  build.layers.push({
    name: splitName,
    kind: 'factorOut',
    scale,
    inputShape: foldedShape,
    outputShape: kept,
    hasNorm: false,
    positions: foldedPositions,
  });
  const inner = scaleOf(
    build,
    kept,
    scale + 1,
    composed(foldedPositions, channelPositions(foldedShape, order.slice(0, kept[2]))),
  );
  const working = sequence(`scales.${scale}.work`, [
    ...channels,
    factorOut(splitName, foldedShape, order, inner),
  ]);
  const fold = squeeze(`${name}.squeeze`, shape, config.squeeze);
  return sequence(`scales.${scale}`, [...spatial, folded(name, fold, working)]);
}

/** The event shape [H, W, C] after padding. */
export function paddedShape(config: ImageModelConfig): [number, number, number] {
  return [config.height + 2 * config.pad, config.width + 2 * config.pad, config.channels];
}

export function imageFlow(config: ImageModelConfig, room: Room): Flow {
  const shape = paddedShape(config);
  const chain = imagePlan(config, shape);
  const counted = counting(room);
  return chain ? imageChain(config, shape, chain, counted) : realNvp(config, shape, counted);
}

function realNvp(config: ImageModelConfig, shape: ImageShape, counted: Build['counted']): Flow {
  const build: Build = { config, counted, layers: [], couplings: 0 };
  const positions = Int32Array.from({ length: shape[0] * shape[1] * shape[2] }, (_, i) => i);
  const flow = scaleOf(build, shape, 0, positions);
  return { ...flow, layers: build.layers, base: standardNormal(flow.outputShape) };
}
