/**
 * Glow of rosinality/glow-pytorch: blocks of a squeeze and steps of act norm, 1×1 convolution and coupling; the second half
 * of the channels leaves after each block but the last, under a normal distribution that a convolution of the first half
 * predicts. At the end one of zeros does, which sees ones beyond the edge.
 */
import { several } from '../../../base/user-error';
import { mostScales } from '../../../config/image-model';
import type { ImageNetConfig } from '../../../config/image-layers';
import {
  firstHalf,
  fitOf,
  glowMap,
  imageChainImporter,
  prefixOf,
  zeroConvolutionTable,
  type ImageFields,
  type ImageLayer,
  type ExpectedTensors,
} from '../../import/image-chain';
import { convolutionNames, under } from '../../import/names';
import { pluOf, type PluNames } from '../../import/plu';
import { affineLayer } from '../../import/chain-importer';
import type { TensorFile } from '../../import/types';

type GlowPlan = NonNullable<ReturnType<typeof planOf>>;

const anchor = 'blocks.0.flows.0.actnorm.loc';
/** Steps of a block; a file has to name each. */
const mostSteps = 256;

const square = (channels: number): number[] => [channels, channels];
const luShapes = (channels: number): Record<string, number[]> => ({
  w_l: square(channels),
  w_s: [channels],
  w_u: square(channels),
  w_p: square(channels),
  u_mask: square(channels),
  l_mask: square(channels),
  s_sign: [channels],
  l_eye: square(channels),
});

const zeroConvolution = (inputs: number, outputs: number): Record<string, number[]> => ({
  scale: [1, outputs, 1, 1],
  'conv.weight': [outputs, inputs, 3, 3],
  'conv.bias': [outputs],
});

/** Below the prefix of a ZeroConv2d. */
export const zeroConvolutionNames = zeroConvolutionTable('scale');

const mixingNames: PluNames = {
  ...{ matrix: 'weight', permutation: 'w_p', lower: 'w_l', upper: 'w_u' },
  ...{ logDiagonal: 'w_s', signs: 's_sign' },
};

export const blockAt = (prefix: string, block: number): string => `${prefix}blocks.${block}`;

function planOf(file: TensorFile) {
  const prefix = prefixOf(file, anchor);
  if (prefix === undefined) return undefined;
  const blocks: { channels: number; steps: { lu: boolean }[] }[] = [];
  for (let b = 0; b <= mostScales; b++) {
    const at = blockAt(prefix, b);
    const channels = file.tensors.get(`${at}.flows.0.actnorm.loc`)?.shape[1];
    if (!channels) break;
    // Whether the 1×1 convolution is in triangular factors.
    const steps: { lu: boolean }[] = [];
    while (steps.length < mostSteps && file.tensors.has(`${at}.flows.${steps.length}.actnorm.loc`)) {
      steps.push({ lu: !file.tensors.has(`${at}.flows.${steps.length}.invconv.weight`) });
    }
    blocks.push({ channels, steps });
  }
  const [width = 0] = file.tensors.get(`${blockAt(prefix, 0)}.flows.0.coupling.net.0.weight`)?.shape ?? [];
  const outputs = file.tensors.get(`${blockAt(prefix, 0)}.flows.0.coupling.net.4.conv.bias`)?.shape[0];
  const first = blocks[0]!.channels;
  if (width === 0 || first % 4 !== 0) return undefined;
  return { prefix, blocks, width, affine: outputs === first, channels: first / 4, halvings: blocks.length };
}

/** Names and shapes of all tensors of such a flow. */
function expectedTensors({ prefix, blocks, width, affine }: GlowPlan): ExpectedTensors[] {
  const expected: ExpectedTensors[] = [];
  for (const [b, { steps }] of blocks.entries()) {
    // Half of the channels go on, and a squeeze makes four of each.
    const channels = blocks[0]!.channels * 2 ** b;
    const half = channels / 2;
    for (const [f, { lu }] of steps.entries()) {
      const at = `${blockAt(prefix, b)}.flows.${f}`;
      const perChannel = [1, channels, 1, 1];
      expected.push(
        [`${at}.actnorm.`, { loc: perChannel, scale: perChannel, initialized: [] }],
        [`${at}.invconv.`, lu ? luShapes(channels) : { weight: [channels, channels, 1, 1] }],
        [`${at}.coupling.net.0.`, { weight: [width, half, 3, 3], bias: [width] }],
        [`${at}.coupling.net.2.`, { weight: [width, width, 1, 1], bias: [width] }],
        [`${at}.coupling.net.4.`, zeroConvolution(width, affine ? channels : half)],
      );
    }
    const last = b === blocks.length - 1;
    const [inputs, leaving] = last ? [channels, channels] : [half, half];
    expected.push([`${blockAt(prefix, b)}.prior.`, zeroConvolution(inputs, 2 * leaving)]);
  }
  return expected;
}

/** The network of all couplings; the convolution before it is zero at first. */
export const glowNet = (width: number, padding: 'zeros' | 'ones'): ImageNetConfig => ({
  kind: 'convolutions',
  kernels: [3, 1, 3],
  widths: [width, width],
  activation: 'relu',
  slope: 0,
  padding,
  scaled: true,
});

/** What this implementation says of all layers, both ways. */
export const conventionsOf = (affine: boolean): ImageFields => ({
  ...glowMap(affine, { outputOrder: 'scale-shift', outputLayout: 'halves' }),
  dataConstraint: 'centered',
});

export const rosinality = imageChainImporter<GlowPlan>({
  name: 'rosinality/glow-pytorch',
  side: 64,
  // From the default of train.py's --n_bits, 5.
  levels: 32,
  read(file) {
    const plan = planOf(file);
    if (!plan) return { share: 0, missing: [anchor] };
    return { plan, ...fitOf(file, expectedTensors(plan)) };
  },
  title: ({ blocks, width, affine }) =>
    `${several(blocks.length, 'block')} of ${blocks[0]!.steps.length} steps, ` +
    `${affine ? '' : 'additive '}couplings with networks of ${width} channels`,
  questions: () => [],
  model: ({ affine }) => ({ ...conventionsOf(affine), latents: 'first-out-first' }),
  async layers({ prefix, blocks, width }, file) {
    const layers: ImageLayer[] = [];
    for (const [b, { channels, steps }] of blocks.entries()) {
      const block = blockAt(prefix, b);
      layers.push({ at: `${block}.squeeze`, layer: { kind: 'squeeze' } });
      for (const f of steps.keys()) {
        const at = `${block}.flows.${f}`;
        const { data: loc } = await file.read(`${at}.actnorm.loc`);
        const { data: scale } = await file.read(`${at}.actnorm.scale`);
        const net = `${at}.coupling.net.`;
        const logScale = scale.map((x) => -Math.log(Math.abs(x)));
        layers.push(
          // It is scale·(x + loc); a negative scale is its size here and a sign in the 1×1 convolution that follows.
          {
            at: `${at}.actnorm`,
            ...affineLayer(
              logScale,
              loc.map((x) => -x),
              true,
            ),
          },
          { at: `${at}.invconv`, ...(await pluOf(file, `${at}.invconv`, mixingNames, (c) => scale[c]! < 0)) },
          {
            at: `${at}.coupling`,
            layer: { kind: 'coupling', mask: firstHalf(channels), net: glowNet(width, 'ones') },
            table: [
              ...under(`${net}0.`, 'net.0.', convolutionNames),
              ...under(`${net}2.`, 'net.1.', convolutionNames),
              ...under(`${net}4.`, 'net.2.', zeroConvolutionNames),
            ],
          },
        );
      }
      const last = b === blocks.length - 1;
      layers.push({
        at: `${block}.prior`,
        layer: { kind: 'prior', given: last ? 'nothing' : 'first', kernel: 3, padding: 'ones', scaled: true },
        table: under(`${block}.prior.`, 'net.', zeroConvolutionNames),
      });
      if (!last) layers.push({ at: `${block}.split`, layer: { kind: 'factorOut', leaves: 'second' } });
    }
    return layers;
  },
});
