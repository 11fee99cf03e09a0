/** Questions that several libraries' files leave open, and their answers. */
import type { VectorModelConfig } from '../../config/schema';
import type { ImportAnswers, ImportQuestion } from '../../protocol/import';
import { UserError } from '../../base/user-error';

type Option = { value: string; label: string };

/** Before the name of the layer in the key of a question that is asked of some layers apart. */
export const apartMark = '@';

/** @param choices labels by their values, or a list; without a fallback, the first is the default */
export function choice(
  key: string,
  title: string,
  detail: string,
  choices: readonly Option[] | Readonly<Record<string, string>>,
  fallback?: string,
): ImportQuestion {
  const options: Option[] = Array.isArray(choices)
    ? [...(choices as readonly Option[])]
    : Object.entries(choices).map(([value, label]) => ({ value, label: label as string }));
  return { key, title, detail, answer: { kind: 'choice', options, default: fallback ?? options[0]!.value } };
}

/** What stands where the numbers of layers in a list have gaps. */
export const gapQuestionOf = (choices: Readonly<Record<string, string>>): ImportQuestion =>
  choice(
    'gaps',
    'Layers without tensors',
    'Some numbers of layers are missing in the file: layers that hold no tensors stand there.',
    choices,
  );

/** The question with what others offer besides. */
export function withOptions(question: ImportQuestion, others: readonly ImportQuestion[]): ImportQuestion {
  const { answer } = question;
  if (answer.kind !== 'choice') return question;
  const options = new Map(answer.options.map((option) => [option.value, option]));
  for (const { answer: other } of others)
    for (const option of other.kind === 'choice' ? other.options : [])
      if (!options.has(option.value)) options.set(option.value, option);
  return { ...question, answer: { ...answer, options: [...options.values()] } };
}

/** Default of a choice that no default of the library decides; no answer, so that the file is refused without one. */
export const undecided = '';

/** Answers are complete and checked before they come here. */
export function chosen<T extends string>(answers: ImportAnswers, { key, answer }: ImportQuestion): T {
  return (answers[key] ?? answer.default) as T;
}

export function answeredNumber(answers: ImportAnswers, { key, answer }: ImportQuestion): number {
  return Number(answers[key] ?? answer.default);
}

type All = { count: number; one: string };

/** What follows the detail of a question about layers that have one number together. */
export const sameInAll = ({ count, one }: All): string =>
  count < 2 ? '' : ` It is taken to be the same in all ${count} ${one}s.`;

const oneForEach = ({ count, one }: All): string =>
  ` One number is for all ${count} ${one}s, and ${count} with commas between them are one for each.`;

/** The question, asked of so many layers at once. @param apart whether they may have different numbers */
export function questionOfLayers(
  question: ImportQuestion,
  count: number,
  { one = 'layer', apart = false }: { one?: string; apart?: boolean } = {},
): ImportQuestion {
  const { answer } = question;
  if (answer.kind === 'choice') return question;
  const all = { count, one, apart };
  return {
    ...question,
    detail: question.detail + (apart && count > 1 ? oneForEach(all) : sameInAll(all)),
    answer: { ...answer, all },
  };
}

/** The question, of couplings that may have different numbers; of one, as it is. */
export const withList = (question: ImportQuestion, count: number): ImportQuestion =>
  count < 2 ? question : questionOfLayers(question, count, { apart: true });

/** An answer of several numbers, or one. */
export function answeredNumbers(answers: ImportAnswers, { key, answer }: ImportQuestion): number[] {
  return numbersIn(answers[key] ?? answer.default);
}

export const numbersIn = (answer: string | number): number[] =>
  typeof answer === 'string' ? answer.split(',').map(Number) : [answer];

/** PyTorch's function and module for each activation. */
export const torchActivations: Record<
  VectorModelConfig['activation'],
  readonly [functionName: string, module: string]
> = {
  relu: ['relu', 'ReLU'],
  'leaky-relu': ['leaky_relu', 'LeakyReLU'],
  tanh: ['tanh', 'Tanh'],
  elu: ['elu', 'ELU'],
  silu: ['silu', 'SiLU'],
  'hard-silu': ['hardswish', 'Hardswish'],
  gelu: ['gelu', 'GELU'],
  mish: ['mish', 'Mish'],
  selu: ['selu', 'SELU'],
  sigmoid: ['sigmoid', 'Sigmoid'],
  softplus: ['softplus', 'Softplus'],
};

const activations = Object.entries(torchActivations).map(([value, [, module]]): Option => ({
  value,
  label: module === 'LeakyReLU' ? 'LeakyReLU(0.01)' : module,
}));

/** @param fallback what the library has */
export function activationChoice(
  fallback: VectorModelConfig['activation'],
  key = 'activation',
  title = 'Activation of the networks',
): ImportQuestion {
  const detail =
    'A state dict does not name it. With another one the flow still runs, and all its numbers are wrong.';
  return choice(key, title, detail, activations, fallback);
}

export const activationQuestion = activationChoice('relu');

const leaky = 'leaky-relu:';

/** The same where networks are made by their user, who may give LeakyReLU another slope. */
export const slopedActivationQuestion = withOptions(
  activationQuestion,
  ['0.1', '0.2', '0.3'].map((slope) =>
    choice('activation', '', '', { [leaky + slope]: `LeakyReLU(${slope})` }),
  ),
);

/** The activation and the slope that it has. */
export function slopedActivation(
  answers: ImportAnswers,
): Pick<VectorModelConfig, 'activation'> & { slope?: number } {
  const answer = chosen<string>(answers, slopedActivationQuestion);
  if (answer.startsWith(leaky))
    return { activation: 'leaky-relu', slope: Number(answer.slice(leaky.length)) };
  return { activation: activationOf(answers) };
}

export function activationOf(
  answers: ImportAnswers,
  question: ImportQuestion = activationQuestion,
): VectorModelConfig['activation'] {
  return chosen(answers, question);
}

/** What files of image flows leave open: how large images are, and what pixels are. */
function pixels(key: string, title: string, unit: number, fallback: number): ImportQuestion {
  return {
    key,
    title,
    detail:
      `Convolutions take any size, so the file does not say it; the likelihood and the samples are right only at the ` +
      `size that the flow was trained at. A multiple of ${unit}.`,
    guess: true,
    answer: { kind: 'number', default: fallback, integer: true, minimum: Math.max(2, unit), maximum: 1024 },
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
