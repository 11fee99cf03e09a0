/**
 * chrischute/real-nvp and its forks: (x + t)·eˢ with s first, s = w·tanh u with a weight-normalized w per channel, no
 * batch norm on the flow path; the pixel (0, 0) and the first half of the channels move first.
 */
import {
  blocksOf,
  conditionerNames,
  imageImporter,
  plannedConventions,
  planOf,
  scalesOf,
  type ImageSizes,
  type PlannedCoupling,
} from '../../import/image-plan';
import { under, type Renaming } from '../../import/names';

const anchor = 'flows.in_couplings.0.st_net.';

/** Names of one coupling, below its prefix on each side. */
function couplingNames(blocks: number): Renaming[] {
  const inner = conditionerNames(
    {
      normIn: 'st_net.in_norm',
      convIn: 'st_net.in_conv',
      skipIn: 'st_net.in_skip',
      block: (i) => ({
        norm1: `st_net.blocks.${i}.in_norm`,
        conv1: `st_net.blocks.${i}.in_conv`,
        norm2: `st_net.blocks.${i}.out_norm`,
        conv2: `st_net.blocks.${i}.out_conv`,
        skip: `st_net.skips.${i}`,
      }),
      normOut: 'st_net.out_norm',
      convOut: 'st_net.out_conv',
    },
    blocks,
  );
  const scale = ['rescale.weight_g', 'rescale.weight_v'] as const;
  return [...inner, { library: scale, flowscope: 'scale', transform: 'signed-length' }];
}

/** All couplings of a flow, in forward order. @param prefix of the file's names, for example "module." */
export function chrischutePlan(sizes: ImageSizes, prefix = ''): PlannedCoupling[] {
  const names = couplingNames(sizes.blocks);
  return planOf(sizes, (kind, scale, i) => {
    const checkerboard = kind === 'checkerboard';
    const list = `flows.${'next_block.'.repeat(scale)}${checkerboard ? 'in' : 'out'}_couplings`;
    const at = `${prefix}${list}.${i}`;
    const [inputs, width] = [sizes.channels * 2 ** scale, sizes.base * 2 ** scale];
    return {
      at,
      table: under(`${at}.`, '', names),
      convolution: {
        name: `${at}.st_net.in_conv.conv.weight_v`,
        shape: checkerboard ? [width, 2 * inputs, 3, 3] : [2 * width, 4 * inputs, 3, 3],
      },
    };
  });
}

/** Fields of our config in which this implementation says something; data, and the same both ways. */
export const chrischuteConventions = {
  ...plannedConventions,
  widthGrowth: 'double',
  channelwiseWidth: 2,
  polarity: 'first-moves',
  channelPolarity: 'first-moves',
  maskChannel: false,
  inputDoubling: true,
  transform: 'affine',
  affine: 'shift-then-scale',
  outputOrder: 'scale-shift',
  scaleMap: 'tanh-channel',
  flowNorm: false,
} as const;

export const chrischute = imageImporter<ImageSizes>({
  name: 'chrischute/real-nvp',
  anchor: `${anchor}in_skip.conv.weight_v`,
  sizes(file, prefix) {
    const at = prefix + anchor;
    const channels = file.tensors.get(`${at}in_norm.weight`)?.shape[0];
    const base = file.tensors.get(`${at}in_conv.conv.weight_v`)?.shape[0];
    if (channels === undefined || base === undefined) return undefined;
    const scales = scalesOf(
      file,
      (i) => `${prefix}flows.${'next_block.'.repeat(i)}in_couplings.0.st_net.in_conv.conv.weight_v`,
    );
    const blocks = blocksOf(file, (i) => `${at}blocks.${i}.in_conv.conv.weight_v`);
    return { channels, base, blocks, scales };
  },
  plan: chrischutePlan,
  constraint: 'data_constraint',
  // Color images of this code are CIFAR-10's 32×32; gray ones are most often MNIST's, as far as the scales divide 28.
  side: ({ channels, scales }) =>
    channels === 1 && 28 % 2 ** (scales - 1) === 0 ? 28 : Math.max(32, 2 ** scales),
  conventions: () => chrischuteConventions,
});
