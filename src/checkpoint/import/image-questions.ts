/** What files of image flows leave open: how large images are, and what pixels are. */
import { UserError } from '../../base/user-error';
import type { ImportAnswers, ImportQuestion } from '../../protocol/import';
import { answeredNumber, choice } from './questions';

function pixels(key: string, title: string, unit: number, fallback: number): ImportQuestion {
  return {
    key,
    title,
    detail:
      `Convolutions take any size, so the file does not say it; the likelihood and the samples are right only at the ` +
      `size that the flow was trained at. A multiple of ${unit}.`,
    guess: true,
    answer: {
      kind: 'number',
      default: fallback,
      integer: true,
      minimum: Math.max(2, unit),
      maximum: 1024,
    },
  };
}

export function levelsQuestion(fallback = 256): ImportQuestion {
  return {
    key: 'levels',
    title: 'Levels of a pixel',
    detail:
      'Pixels are whole numbers from 0 to levels − 1; with another number, bits/dim and samples are wrong.',
    answer: { kind: 'number', default: fallback, integer: true, minimum: 2, maximum: 65536 },
  };
}

export const dataRangeQuestion: ImportQuestion = {
  key: 'dataRange',
  title: 'Share of (0, 1) before the logit',
  detail:
    'The data constraint that pixels are squeezed to; with another one, likelihoods and samples are wrong.',
  answer: { kind: 'number', default: 0.9, minimum: 0.01, maximum: 0.9999 },
};

/** @throws UserError for a side that the scales cannot halve as often as they do */
function divisible(side: number, key: string, { unit, why }: Sizes): number {
  if (side % unit === 0) return side;
  throw new UserError(`${key}: expected a multiple of ${unit}, since ${why}, got ${side}.`);
}

interface Sizes {
  /** What height and width are multiples of. */
  unit: number;
  /** In words, for messages: "the flow has 3 scales". */
  why: string;
}

/** Height and width of the images, which convolutions do not tell. @param size default of both */
export function sizeQuestions(options: Sizes & { size: number }): {
  questions: ImportQuestion[];
  fields(answers: ImportAnswers): { height: number; width: number };
} {
  const height = pixels('height', 'Height of the images', options.unit, options.size);
  const width = pixels('width', 'Width of the images', options.unit, options.size);
  return {
    questions: [height, width],
    fields: (answers) => ({
      height: divisible(answeredNumber(answers, height), 'height', options),
      width: divisible(answeredNumber(answers, width), 'width', options),
    }),
  };
}

/** How pixels become the input of a flow whose library leaves it to its user. */
export const pixelRangeQuestion = choice(
  'pixelRange',
  'Range of the pixels',
  'What became of pixels before the flow, which the file does not say; with another one, bits/dim and samples are wrong.',
  { unit: '0 to 1, as ToTensor gives them', centered: '−½ to ½' },
);
