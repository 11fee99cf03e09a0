/** Image flows of other libraries, coupling by coupling: what their files have to hold, and whether they do. */
import { mostBlocks, mostScales } from '../../config/image-model';
import { UserError } from '../../config/user-error';
import type { ImportAnswers, ImportQuestion } from '../../protocol/import';
import { theirNames, type Renaming } from './names';
import { answeredNumber } from './questions';
import type { TensorFile } from './types';

export interface PlannedCoupling {
  /** Prefix of its tensors in the file, without the last dot. */
  theirs: string;
  /** Name of the layer in our flow. */
  ours: string;
  table: Renaming[];
  /** The first convolution of its conditioner, which tells channels and width, and the shape that it must have. */
  convolution: { name: string; shape: number[] };
}

export interface Fit {
  /** Of the file's names, those that the plan explains: 0 … 1. */
  share: number;
  /** In words; empty when all is there and nothing is left over. */
  missing: string[];
}

/** @param alsoKnown names of the file that no coupling has */
export function fitOf(
  file: TensorFile,
  couplings: readonly PlannedCoupling[],
  alsoKnown: (name: string) => boolean,
): Fit {
  const wanted = new Set(couplings.flatMap(({ table }) => table.flatMap(theirNames)));
  const names = [...file.tensors.keys()];
  const unknown = names.filter((name) => !wanted.has(name) && !alsoKnown(name));
  const missing = [...wanted].filter((name) => !file.tensors.has(name));
  for (const { convolution } of couplings) {
    const shape = file.tensors.get(convolution.name)?.shape;
    if (shape && shape.join() !== convolution.shape.join()) {
      missing.push(
        `${convolution.name} in the shape [${convolution.shape.join(', ')}] (it has [${shape.join(', ')}])`,
      );
    }
  }
  return {
    share: names.length === 0 ? 0 : (names.length - unknown.length) / names.length,
    missing: [...missing, ...unknown.map((name) => `a meaning for ${name}`)],
  };
}

/** PyTorch counts the batches that its norms have seen; nothing depends on it. */
export function isBatchCount(name: string): boolean {
  return name.endsWith('.num_batches_tracked');
}

/**
 * Numbers 0, 1, … for which the file has `name(i)`, up to one more than a flow of ours can have: a plan is made of scales
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

function pixels(key: string, title: string, scales: number, fallback: number): ImportQuestion {
  return {
    key,
    title,
    detail:
      `Convolutions take any size, so the file does not say it; the likelihood and the samples are right only at the ` +
      `size that the flow was trained at. A multiple of ${2 ** (scales - 1)}.`,
    answer: {
      kind: 'number',
      default: fallback,
      integer: true,
      minimum: Math.max(2, 2 ** (scales - 1)),
      maximum: 1024,
    },
  };
}

const levelsQuestion: ImportQuestion = {
  key: 'levels',
  title: 'Levels of a pixel',
  detail:
    'Pixels are whole numbers from 0 to levels − 1; with another number, bits/dim and samples are wrong.',
  answer: { kind: 'number', default: 256, integer: true, minimum: 2, maximum: 65536 },
};

const dataRangeQuestion: ImportQuestion = {
  key: 'dataRange',
  title: 'Share of (0, 1) before the logit',
  detail:
    'The data constraint that pixels are squeezed to; with another one, likelihoods and samples are wrong.',
  answer: { kind: 'number', default: 0.9, minimum: 0.01, maximum: 0.9999 },
};

/** @throws UserError unless all scales but the last can halve the side */
function divisible(side: number, key: string, scales: number): number {
  const unit = 2 ** (scales - 1);
  if (side % unit === 0) return side;
  throw new UserError(
    `${key}: expected a multiple of ${unit}, since the flow has ${scales} scales, got ${side}.`,
  );
}

export interface ImageQuestions {
  questions: ImportQuestion[];
  /** Fields of the model; `dataRange` where it was asked for. */
  fields(answers: ImportAnswers): { height: number; width: number; levels: number; dataRange?: number };
}

/** @param size default of height and width @param dataRange whether the file lacks it */
export function imageQuestions(options: {
  scales: number;
  size: number;
  dataRange: boolean;
}): ImageQuestions {
  const height = pixels('height', 'Height of the images', options.scales, options.size);
  const width = pixels('width', 'Width of the images', options.scales, options.size);
  return {
    questions: [height, width, levelsQuestion, ...(options.dataRange ? [dataRangeQuestion] : [])],
    fields: (answers) => ({
      height: divisible(answeredNumber(answers, height), 'height', options.scales),
      width: divisible(answeredNumber(answers, width), 'width', options.scales),
      levels: answeredNumber(answers, levelsQuestion),
      ...(options.dataRange ? { dataRange: answeredNumber(answers, dataRangeQuestion) } : {}),
    }),
  };
}

/** "2 scales, 3 → 64 channels, 8 blocks". */
export function imageWords(scales: number, channels: number, width: number, blocks: number): string {
  const several = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
  return `${several(scales, 'scale')}, ${channels} → ${width} channels, ${several(blocks, 'block')}`;
}
