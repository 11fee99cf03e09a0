/**
 * chrischute/real-nvp and its forks: (x + t)·eˢ with s first, s = w·tanh u with a weight-normalized w per channel, no
 * batch norm on the flow path; the pixel (0, 0) and the first half of the channels move first.
 */
import { parseStoredConfig } from '../../config/parse';
import { UserError } from '../../config/user-error';
import {
  countOf,
  fitOf,
  imageQuestions,
  imageWords,
  isBatchCount,
  type Fit,
  type PlannedCoupling,
} from './image-plan';
import { batchNormNames, readOurs, under, weightNormedConvolutionNames, type Renaming } from './names';
import type { Recognized, Recognizer, TensorFile } from './types';

interface ChrischuteShape {
  /** Of the images: 3 for color. */
  channels: number;
  scales: number;
  /** Channels of the conditioners in the first checkerboard couplings. */
  mid: number;
  blocks: number;
}

const anchor = 'flows.in_couplings.0.st_net.';

/** Names of one coupling, below its prefix on each side. */
function couplingNames(blocks: number): Renaming[] {
  const convolution = (theirs: string, ours: string, bias = true): Renaming[] =>
    under(`st_net.${theirs}.conv.`, `net.${ours}.`, weightNormedConvolutionNames(bias));
  const norm = (theirs: string, ours: string): Renaming[] =>
    under(`st_net.${theirs}.`, `net.${ours}.`, batchNormNames);
  return [
    ...norm('in_norm', 'normIn'),
    ...convolution('in_conv', 'convIn'),
    ...convolution('in_skip', 'skipIn'),
    ...Array.from({ length: blocks }, (_, i) => [
      ...norm(`blocks.${i}.in_norm`, `blocks.${i}.norm1`),
      ...convolution(`blocks.${i}.in_conv`, `blocks.${i}.conv1`, false),
      ...norm(`blocks.${i}.out_norm`, `blocks.${i}.norm2`),
      ...convolution(`blocks.${i}.out_conv`, `blocks.${i}.conv2`),
      ...convolution(`skips.${i}`, `blocks.${i}.skip`),
    ]).flat(),
    ...norm('out_norm', 'normOut'),
    ...convolution('out_conv', 'convOut'),
    { theirs: ['rescale.weight_g', 'rescale.weight_v'], ours: 'scale', transform: 'signed-length' },
  ];
}

/** All couplings of a flow, in forward order. @param prefix of the file's names, for example "module." */
export function chrischutePlan(shape: ChrischuteShape, prefix = ''): PlannedCoupling[] {
  const names = couplingNames(shape.blocks);
  const planned: PlannedCoupling[] = [];
  const add = (theirs: string, ours: string, inputs: number, width: number): void => {
    planned.push({
      theirs,
      ours,
      table: under(`${theirs}.`, `${ours}.`, names),
      convolution: { name: `${theirs}.st_net.in_conv.conv.weight_v`, shape: [width, 2 * inputs, 3, 3] },
    });
  };
  for (let scale = 0; scale < shape.scales; scale++) {
    const last = scale === shape.scales - 1;
    const at = `${prefix}flows.${'next_block.'.repeat(scale)}`;
    const channels = shape.channels * 2 ** scale;
    const width = shape.mid * 2 ** scale;
    for (let i = 0; i < (last ? 4 : 3); i++) {
      add(`${at}in_couplings.${i}`, `scales.${scale}.checkerboard.${i}`, channels, width);
    }
    for (let i = 0; i < (last ? 0 : 3); i++) {
      add(`${at}out_couplings.${i}`, `scales.${scale}.channelwise.${i}`, 2 * channels, 2 * width);
    }
  }
  return planned;
}

interface Structure extends ChrischuteShape {
  prefix: string;
}

function structureOf(file: TensorFile): Structure | undefined {
  const end = `${anchor}in_skip.conv.weight_v`;
  const name = [...file.tensors.keys()].find((key) => key.endsWith(end));
  if (name === undefined) return undefined;
  const prefix = name.slice(0, -end.length);
  const at = prefix + anchor;
  const channels = file.tensors.get(`${at}in_norm.weight`)?.shape[0];
  const mid = file.tensors.get(`${at}in_conv.conv.weight_v`)?.shape[0];
  if (channels === undefined || mid === undefined) return undefined;
  return {
    prefix,
    channels,
    mid,
    blocks: countOf(file, (i) => `${at}blocks.${i}.in_conv.conv.weight_v`),
    scales: countOf(
      file,
      (i) => `${prefix}flows.${'next_block.'.repeat(i)}in_couplings.0.st_net.in_conv.conv.weight_v`,
    ),
  };
}

function fit(file: TensorFile, structure: Structure): Fit {
  const { prefix } = structure;
  return fitOf(
    file,
    chrischutePlan(structure, prefix),
    (name) => isBatchCount(name) || name === `${prefix}data_constraint`,
  );
}

function recognized(file: TensorFile, structure: Structure): Recognized {
  const { prefix, channels, scales, mid, blocks } = structure;
  const constraint = `${prefix}data_constraint`;
  const stored = file.tensors.has(constraint);
  // Color images of this code are CIFAR-10's 32×32; gray ones are most often MNIST's, as far as the scales divide 28.
  const size = channels === 1 && 28 % 2 ** (scales - 1) === 0 ? 28 : Math.max(32, 2 ** scales);
  const { questions, fields } = imageQuestions({ scales, size, dataRange: !stored });
  return {
    library: 'chrischute',
    title: `chrischute/real-nvp, ${imageWords(scales, channels, mid, blocks)}`,
    questions,
    async convert(answers) {
      const { model } = parseStoredConfig(
        {
          model: {
            kind: 'image',
            ...fields(answers),
            ...(stored ? { dataRange: await readConstraint(file, constraint) } : {}),
            channels,
            scales,
            base: mid,
            blocks,
            ...chrischuteConventions,
          },
        },
        file.file,
      );
      const couplings = chrischutePlan(structure, prefix);
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

/** Fields of our config in which this implementation says something; data, and the same both ways. */
export const chrischuteConventions = {
  widthGrowth: 'double',
  channelwiseWidth: 2,
  dataConstraint: 'symmetric',
  polarity: 'first-moves',
  channelPolarity: 'first-moves',
  maskChannel: false,
  inputDoubling: true,
  netNorm: true,
  netNormGain: 'gain-and-bias',
  netNormEpsilon: 1e-5,
  lengths: 'all',
  normDecay: 0.1,
  squeeze: 'channel-major',
  factorOut: 'diagonal',
  transform: 'affine',
  affine: 'shift-then-scale',
  outputOrder: 'scale-shift',
  outputLayout: 'halves',
  scaleMap: 'tanh-channel',
  flowNorm: false,
} as const;

/** Float32 in the file; the decimal that was meant. */
async function readConstraint(file: TensorFile, name: string): Promise<number> {
  const { data } = await file.read(name);
  const value = Number(data[0]?.toPrecision(6));
  if (data.length !== 1 || !(value > 0 && value < 1)) {
    throw new UserError(
      `${file.file}: "${name}" is [${[...data].join(', ')}]; expected one number between 0 and 1.`,
    );
  }
  return value;
}

export const chrischute: Recognizer = {
  library: 'chrischute',
  name: 'chrischute/real-nvp',
  recognize(file) {
    const structure = structureOf(file);
    return structure && fit(file, structure).missing.length === 0 ? recognized(file, structure) : undefined;
  },
  closeness(file) {
    const structure = structureOf(file);
    return structure ? fit(file, structure) : { share: 0, missing: [`${anchor}in_skip.conv.weight_v`] };
  },
};
