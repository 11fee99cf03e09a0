/**
 * fmu2/realNVP: x·eˢ + t with t first, s = w·tanh u + c with two scalars, batch norm of what moved on the flow path; the
 * pixel (0, 0) and the first half of the channels condition first, and checkerboard conditioners see the mask.
 */
import {
  blocksOf,
  conditionerNames,
  imageImporter,
  plannedConventions,
  planOf,
  scalesOf,
  type ImageSizes,
} from '../../import/image-plan';
import { runningNames, under, type Renaming } from '../../import/names';

interface Sizes extends ImageSizes {
  /** CIFAR-10's layout has one width everywhere; in the others it doubles. */
  widthGrowth: 'double' | 'constant';
  channelwiseWidth: 1 | 2;
}

const convolution = 'coupling.block.1.in_block.conv.weight_v';

/** Below the prefix of a coupling. */
function couplingNames(blocks: number): Renaming[] {
  const inner = conditionerNames(
    {
      normIn: 'in_bn',
      convIn: 'block.1.in_block',
      skipIn: 'block.1.in_skip',
      block: (i) => ({
        norm1: `block.1.core_block.${i}.in_block.0`,
        conv1: `block.1.core_block.${i}.res_block.0`,
        norm2: `block.1.core_block.${i}.res_block.1`,
        conv2: `block.1.core_block.${i}.res_block.3`,
        skip: `block.1.core_skips.${i}`,
      }),
      normOut: 'block.1.out_block.0',
      convOut: 'block.1.out_block.2',
    },
    blocks,
  );
  return [
    { library: 'scale', flowscope: 'scale', transform: 'same' },
    { library: 'scale_shift', flowscope: 'scaleShift', transform: 'same' },
    ...inner,
    ...under('out_bn.', 'norm.', runningNames()),
  ];
}

export const fmu2 = imageImporter<Sizes>({
  name: 'fmu2/realNVP',
  anchor: `s1_ckbd.0.${convolution}`,
  sizes(file, prefix) {
    const shapeOf = (coupling: string) => file.tensors.get(`${prefix}${coupling}.${convolution}`)?.shape;
    const [base, inputs] = shapeOf('s1_ckbd.0')!;
    if (base === undefined || inputs === undefined || inputs % 2 === 0) return undefined;
    return {
      channels: (inputs - 1) / 2,
      base,
      blocks: blocksOf(
        file,
        (i) => `${prefix}s1_ckbd.0.coupling.block.1.core_block.${i}.res_block.0.conv.weight_v`,
      ),
      scales: scalesOf(file, (i) => `${prefix}s${i + 1}_ckbd.0.${convolution}`),
      widthGrowth: shapeOf('s2_ckbd.0')?.[0] === base ? 'constant' : 'double',
      channelwiseWidth: shapeOf('s1_chan.0')?.[0] === base ? 1 : 2,
    };
  },
  plan(sizes, prefix) {
    const { channels, base, blocks, widthGrowth, channelwiseWidth } = sizes;
    const names = couplingNames(blocks);
    return planOf(sizes, (kind, scale, i) => {
      const at = `${prefix}s${scale + 1}_${kind === 'checkerboard' ? 'ckbd' : 'chan'}.${i}`;
      const width = widthGrowth === 'double' ? base * 2 ** scale : base;
      const here = channels * 2 ** scale;
      const [inputs, outputs] =
        kind === 'checkerboard' ? [2 * here + 1, width] : [4 * here, width * channelwiseWidth];
      return {
        at,
        table: under(`${at}.coupling.`, '', names),
        convolution: { name: `${at}.${convolution}`, shape: [outputs, inputs, 3, 3] },
      };
    });
  },
  words: ({ widthGrowth }) => (widthGrowth === 'constant' ? 'CIFAR-10 layout, ' : 'doubling widths, '),
  // CIFAR-10's layout has two scales at 32×32; the others halve down to 4×4.
  side: ({ widthGrowth, scales }) =>
    widthGrowth === 'constant' ? Math.max(32, 2 ** scales) : 4 * 2 ** (scales - 1),
  conventions: ({ widthGrowth, channelwiseWidth }) => ({
    ...plannedConventions,
    widthGrowth,
    channelwiseWidth,
    polarity: 'first-conditions',
    channelPolarity: 'first-conditions',
    maskChannel: true,
    inputDoubling: false,
    affine: 'scale-then-shift',
    outputOrder: 'shift-scale',
    scaleMap: 'tanh-scalar-shift',
    flowNorm: true,
    normEpsilon: 1e-5,
    normVariance: 'unbiased',
    normOver: 'all',
  }),
});
