/**
 * RealNVP for images (paper, sections 3.6 and 4.1; recursion as in the authors' released code): at each scale three
 * checkerboard couplings, a squeeze, three channel-wise couplings, half of the values factored out; four checkerboard
 * couplings at the last scale. Unless the config says otherwise, widths double with each scale and channel-wise
 * conditioners have twice their scale's width.
 */
import type { ImageModelConfig } from '../config/schema';
import { standardNormal } from './bases/standard-normal';
import type { Bijection } from './bijection';
import { flowNormOptions } from './conventions';
import { coupling } from './coupling';
import type { Flow, FlowLayer } from './layers';
import { channelMask, checkerboardMask, type Mask } from './masks';
import { factorOut, squeezed } from './multi-scale';
import { jointConditioner, valuesTaken } from './nets/conditioner';
import { residualNet, type ResidualNetOptions } from './nets/residual';
import { sequence } from './sequence';
import { halves, masked, type Split } from './splits';
import { squeezedShape, squeezePositions, subpixelMajorChannels, type ImageShape } from './squeeze';
import { transformOf } from './transforms/transforms';

interface Build {
  config: ImageModelConfig;
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
  const { name, inputShape, outputShape } = bijection;
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

/** Input elements that the kept half of a factor-out takes, as element numbers of its input. */
function keptPositions([height, width, channels]: ImageShape, order: readonly number[]): Int32Array {
  const kept = channels / 2;
  return Int32Array.from(
    { length: height * width * kept },
    (_, i) => Math.floor(i / kept) * channels + order[i % kept]!,
  );
}

function compose(outer: Int32Array, inner: Int32Array): Int32Array {
  return inner.map((i) => outer[i]!);
}

function scaleOf(build: Build, shape: ImageShape, scale: number, positions: Int32Array): Bijection {
  const { config } = build;
  const last = scale === config.scales - 1;
  const spatial = repeat(last ? 4 : 3, (i) => checkerboard(build, shape, scale, i, positions));
  if (last) return sequence(`scales.${scale}`, spatial);

  const name = `scales.${scale}.squeezed`;
  const folded = squeezedShape(shape);
  build.layers.push({
    name: `${name}.squeeze`,
    kind: 'squeeze',
    scale,
    inputShape: shape,
    outputShape: folded,
    hasNorm: false,
    positions,
  });
  const foldedPositions = compose(positions, squeezePositions(shape, config.squeeze));
  const channels = repeat(3, (i) => channelwise(build, folded, scale, i, foldedPositions));

  // With `diagonal`, which half stays is decided by sub-pixel whatever the channel order of the squeeze: (0,0) and (1,1).
  const order =
    config.factorOut === 'diagonal' && config.squeeze === 'channel-major'
      ? subpixelMajorChannels(shape[2])
      : Array.from({ length: folded[2] }, (_, i) => i);
  const kept: [number, number, number] = [folded[0], folded[1], folded[2] / 2];
  const splitName = `scales.${scale}.factorOut`;
  build.layers.push({
    name: splitName,
    kind: 'factorOut',
    scale,
    inputShape: folded,
    outputShape: kept,
    hasNorm: false,
    positions: foldedPositions,
  });
  const inner = scaleOf(build, kept, scale + 1, compose(foldedPositions, keptPositions(folded, order)));
  const working = sequence(`scales.${scale}.work`, [...channels, factorOut(splitName, folded, order, inner)]);
  return sequence(`scales.${scale}`, [...spatial, squeezed(name, shape, config.squeeze, working)]);
}

/** The event shape [H, W, C] after padding. */
export function paddedShape(config: ImageModelConfig): [number, number, number] {
  return [config.height + 2 * config.pad, config.width + 2 * config.pad, config.channels];
}

export function imageFlow(config: ImageModelConfig): Flow {
  const shape = paddedShape(config);
  const build: Build = { config, layers: [], couplings: 0 };
  const positions = Int32Array.from({ length: shape[0] * shape[1] * shape[2] }, (_, i) => i);
  const flow = scaleOf(build, shape, 0, positions);
  return { ...flow, layers: build.layers, base: standardNormal(flow.outputShape) };
}
