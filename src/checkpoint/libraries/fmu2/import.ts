/**
 * fmu2/realNVP: x·eˢ + t with t first, s = w·tanh u + c with two scalars, batch norm of what moved on the flow path; the
 * pixel (0, 0) and the first half of the channels condition first, and checkerboard conditioners see the mask.
 */
import { parseStoredConfig } from '../../../config/parse';
import {
  blocksOf,
  fitOf,
  imageQuestions,
  imageWords,
  isBatchCount,
  scalesOf,
  type Fit,
  type PlannedCoupling,
} from '../../import/image-plan';
import {
  batchNormNames,
  readOurs,
  runningNames,
  under,
  weightNormedConvolutionNames,
  type Renaming,
} from '../../import/names';
import type { Recognized, Recognizer, TensorFile } from '../../import/types';

interface Structure {
  prefix: string;
  channels: number;
  scales: number;
  base: number;
  blocks: number;
  /** CIFAR-10's layout has one width everywhere; in the others it doubles. */
  widthGrowth: 'double' | 'constant';
  channelwiseWidth: 1 | 2;
}

const anchor = 's1_ckbd.0.coupling.';

function couplingNames(blocks: number): Renaming[] {
  const convolution = (theirs: string, ours: string, bias = true): Renaming[] =>
    under(`block.1.${theirs}.conv.`, `net.${ours}.`, weightNormedConvolutionNames(bias));
  const norm = (theirs: string, ours: string): Renaming[] =>
    under(`block.1.${theirs}.`, `net.${ours}.`, batchNormNames);
  return [
    { theirs: 'scale', ours: 'scale', transform: 'same' },
    { theirs: 'scale_shift', ours: 'scaleShift', transform: 'same' },
    ...under('in_bn.', 'net.normIn.', batchNormNames),
    ...convolution('in_block', 'convIn'),
    ...convolution('in_skip', 'skipIn'),
    ...Array.from({ length: blocks }, (_, i) => [
      ...norm(`core_block.${i}.in_block.0`, `blocks.${i}.norm1`),
      ...convolution(`core_block.${i}.res_block.0`, `blocks.${i}.conv1`, false),
      ...norm(`core_block.${i}.res_block.1`, `blocks.${i}.norm2`),
      ...convolution(`core_block.${i}.res_block.3`, `blocks.${i}.conv2`),
      ...convolution(`core_skips.${i}`, `blocks.${i}.skip`),
    ]).flat(),
    ...norm('out_block.0', 'normOut'),
    ...convolution('out_block.2', 'convOut'),
    ...under('out_bn.', 'norm.', runningNames()),
  ];
}

function plan(structure: Structure): PlannedCoupling[] {
  const { prefix, channels, scales, base, blocks, widthGrowth, channelwiseWidth } = structure;
  const names = couplingNames(blocks);
  const planned: PlannedCoupling[] = [];
  const add = (theirs: string, ours: string, inputs: number, width: number): void => {
    const at = `${prefix}${theirs}.coupling`;
    planned.push({
      theirs: `${prefix}${theirs}`,
      ours,
      table: under(`${at}.`, `${ours}.`, names),
      convolution: { name: `${at}.block.1.in_block.conv.weight_v`, shape: [width, inputs, 3, 3] },
    });
  };
  for (let scale = 0; scale < scales; scale++) {
    const last = scale === scales - 1;
    const here = channels * 2 ** scale;
    const width = widthGrowth === 'double' ? base * 2 ** scale : base;
    for (let i = 0; i < (last ? 4 : 3); i++) {
      add(`s${scale + 1}_ckbd.${i}`, `scales.${scale}.checkerboard.${i}`, 2 * here + 1, width);
    }
    for (let i = 0; i < (last ? 0 : 3); i++) {
      add(`s${scale + 1}_chan.${i}`, `scales.${scale}.channelwise.${i}`, 4 * here, width * channelwiseWidth);
    }
  }
  return planned;
}

function structureOf(file: TensorFile): Structure | undefined {
  const end = `${anchor}block.1.in_block.conv.weight_v`;
  const name = [...file.tensors.keys()].find((key) => key.endsWith(end));
  if (name === undefined) return undefined;
  const prefix = name.slice(0, -end.length);
  const [base, inputs] = file.tensors.get(name)!.shape;
  if (base === undefined || inputs === undefined || inputs % 2 === 0) return undefined;
  const widthOf = (layer: string): number | undefined =>
    file.tensors.get(`${prefix}${layer}.coupling.block.1.in_block.conv.weight_v`)?.shape[0];
  const scales = scalesOf(file, (i) => `${prefix}s${i + 1}_ckbd.0.coupling.block.1.in_block.conv.weight_v`);
  return {
    prefix,
    channels: (inputs - 1) / 2,
    base,
    blocks: blocksOf(file, (i) => `${prefix}${anchor}block.1.core_block.${i}.res_block.0.conv.weight_v`),
    scales,
    widthGrowth: widthOf('s2_ckbd.0') === base ? 'constant' : 'double',
    channelwiseWidth: widthOf('s1_chan.0') === base ? 1 : 2,
  };
}

function fit(file: TensorFile, structure: Structure): Fit {
  return fitOf(file, plan(structure), isBatchCount);
}

function recognized(file: TensorFile, structure: Structure): Recognized {
  const { channels, scales, base, blocks, widthGrowth, channelwiseWidth } = structure;
  // CIFAR-10's layout has two scales at 32×32; the others halve down to 4×4.
  const size = widthGrowth === 'constant' ? Math.max(32, 2 ** scales) : 4 * 2 ** (scales - 1);
  const { questions, fields } = imageQuestions({ scales, size, dataRange: true });
  const layout = widthGrowth === 'constant' ? 'CIFAR-10 layout' : 'doubling widths';
  return {
    library: 'fmu2',
    title: `fmu2/realNVP, ${layout}, ${imageWords(scales, channels, base, blocks)}`,
    questions,
    async convert(answers) {
      const { model } = parseStoredConfig(
        {
          model: {
            kind: 'image',
            ...fields(answers),
            channels,
            scales,
            base,
            blocks,
            widthGrowth,
            channelwiseWidth,
            dataConstraint: 'symmetric',
            polarity: 'first-conditions',
            channelPolarity: 'first-conditions',
            maskChannel: true,
            inputDoubling: false,
            netNorm: true,
            netNormGain: 'gain-and-bias',
            netNormEpsilon: 1e-5,
            lengths: 'all',
            normDecay: 0.1,
            squeeze: 'channel-major',
            factorOut: 'diagonal',
            affine: 'scale-then-shift',
            outputOrder: 'shift-scale',
            outputLayout: 'halves',
            scaleMap: 'tanh-scalar-shift',
            flowNorm: true,
            normEpsilon: 1e-5,
            normVariance: 'unbiased',
            normOver: 'all',
          },
        },
        file.file,
      );
      const couplings = plan(structure);
      return {
        model,
        tensors: await readOurs(
          file,
          couplings.flatMap(({ table }) => table),
        ),
        layerNames: Object.fromEntries(couplings.map(({ ours, theirs }) => [ours, theirs])),
      };
    },
  };
}

export const fmu2: Recognizer = {
  library: 'fmu2',
  name: 'fmu2/realNVP',
  recognize(file) {
    const structure = structureOf(file);
    return structure && fit(file, structure).missing.length === 0 ? recognized(file, structure) : undefined;
  },
  closeness(file) {
    const structure = structureOf(file);
    return structure
      ? fit(file, structure)
      : { share: 0, missing: [`${anchor}block.1.in_block.conv.weight_v`] };
  },
};
