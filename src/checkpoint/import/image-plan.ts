/** Image flows of other libraries, coupling by coupling: what their files have to hold, and whether they do. */
import { several, UserError } from '../../base/user-error';
import { mostBlocks, mostScales } from '../../config/image-model';
import { parseStoredConfig } from '../../config/parse';
import {
  batchNormNames,
  readTable,
  libraryNames,
  under,
  weightNormedConvolutionNames,
  type Renaming,
} from './names';
import { fitOfNames, prefixOf } from './image-chain';
import { dataRangeQuestion, levelsQuestion, sizeQuestions, answeredNumber } from './questions';
import type { Recognizer, TensorFile } from './types';

export interface PlannedCoupling {
  /** Prefix of its tensors in the file, without the last dot. */
  at: string;
  /** Name of the layer in our flow. */
  name: string;
  table: Renaming[];
  /** The first convolution of its conditioner, which tells channels and width, and the shape that it must have. */
  convolution: { name: string; shape: number[] };
}

/**
 * Numbers 0, 1, … for which the file has `name(i)`, up to one more than our flows can have: a plan is made of scales
 * times blocks, which for a long list of names would be far longer than the list.
 */
function countOf(file: TensorFile, most: number, name: (i: number) => string): number {
  let count = 0;
  while (count <= most && file.tensors.has(name(count))) count++;
  return count;
}

export function scalesOf(file: TensorFile, name: (i: number) => string): number {
  return countOf(file, mostScales, name);
}

/** Residual blocks of a conditioner. */
export function blocksOf(file: TensorFile, name: (i: number) => string): number {
  return countOf(file, mostBlocks, name);
}

/** "2 scales, 3 → 64 channels, 8 blocks". */
function imageWords({ scales, channels, base, blocks }: ImageSizes): string {
  return `${several(scales, 'scale')}, ${channels} → ${base} channels, ${several(blocks, 'block')}`;
}

export interface ImageSizes {
  /** Channels of the images: 3 for color. */
  channels: number;
  scales: number;
  /** Channels of the conditioners in the first checkerboard couplings. */
  base: number;
  /** Residual blocks of a conditioner. */
  blocks: number;
}

export interface ImageLibrary<Sizes extends ImageSizes> extends Pick<Recognizer, 'name'> {
  /** A tensor of the first coupling. The prefix of its name is the prefix of all names. */
  anchor: string;
  /** Undefined where tensors are missing that tell the sizes. */
  sizes(file: TensorFile, prefix: string): Sizes | undefined;
  /** All couplings, in forward order. */
  plan(sizes: Sizes, prefix: string): PlannedCoupling[];
  /** Name of the tensor that may hold the data range, below the prefix. */
  constraint?: string;
  /** What the title says of the sizes before their numbers. */
  words?(sizes: Sizes): string;
  /** Default of height and width. */
  side(sizes: Sizes): number;
  conventions(sizes: Sizes): object;
}

export function imageImporter<Sizes extends ImageSizes>(library: ImageLibrary<Sizes>): Recognizer {
  const { anchor } = library;
  return {
    name: library.name,
    read(file) {
      const prefix = prefixOf(file, anchor);
      const sizes = prefix === undefined ? undefined : library.sizes(file, prefix);
      if (prefix === undefined || !sizes) return { share: 0, missing: [anchor] };
      const couplings = library.plan(sizes, prefix);
      const table = couplings.flatMap((coupling) => coupling.table);
      const expected = new Map<string, readonly number[] | undefined>();
      for (const name of table.flatMap(libraryNames)) expected.set(name, undefined);
      for (const { convolution } of couplings) expected.set(convolution.name, convolution.shape);
      const constraint = library.constraint && prefix + library.constraint;
      const { share, missing } = fitOfNames(
        file,
        expected,
        // PyTorch counts the batches that its norms have seen; nothing depends on it.
        (key) => key.endsWith('.num_batches_tracked') || key === constraint,
      );
      if (missing.length > 0) return { share, missing };
      const { scales, channels, base, blocks } = sizes;
      const stored = constraint && file.tensors.has(constraint) ? constraint : undefined;
      const size = sizeQuestions({
        unit: 2 ** (scales - 1),
        why: `the flow has ${scales} scales`,
        size: library.side(sizes),
      });
      const levels = levelsQuestion();
      return {
        title: `${library.name}, ${library.words?.(sizes) ?? ''}${imageWords(sizes)}`,
        questions: [...size.questions, levels, ...(stored === undefined ? [dataRangeQuestion] : [])],
        async convert(answers) {
          const model = {
            kind: 'image',
            ...size.fields(answers),
            levels: answeredNumber(answers, levels),
            dataRange:
              stored === undefined
                ? answeredNumber(answers, dataRangeQuestion)
                : await readShare(file, stored),
            ...{ channels, scales, base, blocks },
            ...library.conventions(sizes),
          };
          return {
            model: parseStoredConfig({ model }, file.file).model,
            tensors: await readTable(file, table),
            layerNames: Object.fromEntries(couplings.map(({ name, at }) => [name, at])),
          };
        },
      };
    },
  };
}

/** Float32 in the file; the decimal that was meant. */
async function readShare(file: TensorFile, name: string): Promise<number> {
  const { data } = await file.read(name);
  const value = Number(data[0]?.toPrecision(6));
  if (data.length !== 1 || !(value > 0 && value < 1)) {
    throw new UserError(
      `${file.file}: "${name}" is [${[...data].join(', ')}]; expected one number between 0 and 1.`,
    );
  }
  return value;
}

/** Names of a conditioner's layers in a file, below its prefix; names of layers in a block get its number. */
export interface ConditionerNames {
  normIn: string;
  convIn: string;
  skipIn: string;
  block: (number: number) => Record<'norm1' | 'conv1' | 'norm2' | 'conv2' | 'skip', string>;
  normOut: string;
  convOut: string;
}

/** What our config says of all such conditioners, and of what is around them. */
export const plannedConventions = {
  dataConstraint: 'symmetric',
  netNorm: true,
  netNormGain: 'gain-and-bias',
  netNormEpsilon: 1e-5,
  lengths: 'all',
  normDecay: 0.1,
  squeeze: 'channel-major',
  factorOut: 'diagonal',
  outputLayout: 'halves',
} as const;

/** Convolutions are weight-normalized, below "conv."; all but the first of a block have a bias. */
export function conditionerNames(names: ConditionerNames, blocks: number): Renaming[] {
  const convolution = (library: string, flowscope: string, bias = true): Renaming[] =>
    under(`${library}.conv.`, `net.${flowscope}.`, weightNormedConvolutionNames(bias));
  const norm = (library: string, flowscope: string): Renaming[] =>
    under(`${library}.`, `net.${flowscope}.`, batchNormNames);
  return [
    ...norm(names.normIn, 'normIn'),
    ...convolution(names.convIn, 'convIn'),
    ...convolution(names.skipIn, 'skipIn'),
    ...Array.from({ length: blocks }, (_, i) => {
      const { norm1, conv1, norm2, conv2, skip } = names.block(i);
      return [
        ...norm(norm1, `blocks.${i}.norm1`),
        ...convolution(conv1, `blocks.${i}.conv1`, false),
        ...norm(norm2, `blocks.${i}.norm2`),
        ...convolution(conv2, `blocks.${i}.conv2`),
        ...convolution(skip, `blocks.${i}.skip`),
      ];
    }).flat(),
    ...norm(names.normOut, 'normOut'),
    ...convolution(names.convOut, 'convOut'),
  ];
}

type PlannedKind = 'checkerboard' | 'channelwise';

/** The couplings of all scales in forward order: 3 in checkerboards and 3 by channels, 4 in checkerboards in the last. */
export function planOf(
  { scales }: ImageSizes,
  coupling: (kind: PlannedKind, scale: number, i: number) => Omit<PlannedCoupling, 'name'>,
): PlannedCoupling[] {
  return Array.from({ length: scales }, (_, scale) => {
    const kinds: Partial<Record<PlannedKind, number>> =
      scale === scales - 1 ? { checkerboard: 4 } : { checkerboard: 3, channelwise: 3 };
    return Object.entries(kinds).flatMap(([kind, count]) =>
      Array.from({ length: count }, (_, i): PlannedCoupling => {
        const name = `scales.${scale}.${kind}.${i}`;
        const planned = coupling(kind as PlannedKind, scale, i);
        return { ...planned, name, table: under('', `${name}.`, planned.table) };
      }),
    );
  }).flat();
}
