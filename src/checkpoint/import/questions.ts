/** Questions that several libraries' files leave open, and their answers. */
import { UserError } from '../../config/user-error';
import type { VectorModelConfig } from '../../config/schema';
import type { ImportAnswers, ImportQuestion } from '../../protocol/import';

type Option = { value: string; label: string };

export function choice(
  key: string,
  title: string,
  detail: string,
  options: readonly Option[],
  fallback: string = options[0]!.value,
): ImportQuestion {
  return { key, title, detail, answer: { kind: 'choice', options: [...options], default: fallback } };
}

/** @throws UserError when the answer is none of the options, as in a file edited by hand */
export function chosen<T extends string>(answers: ImportAnswers, question: ImportQuestion): T {
  const { answer, key } = question;
  const value = answers[key] ?? answer.default;
  if (answer.kind === 'choice' && !answer.options.some((option) => option.value === value)) {
    const expected = answer.options.map((option) => option.value).join(', ');
    throw new UserError(
      `${question.title} (${key}): expected one of ${expected}, got ${JSON.stringify(value)}.`,
    );
  }
  return value as T;
}

/** @throws UserError when the answer is not a number in the question's range */
export function answeredNumber(answers: ImportAnswers, question: ImportQuestion): number {
  const { answer, key } = question;
  const value = answers[key] ?? answer.default;
  const { minimum = -Infinity, maximum = Infinity } = answer.kind === 'number' ? answer : {};
  if (typeof value !== 'number' || !(value >= minimum && value <= maximum)) {
    throw new UserError(
      `${question.title} (${key}): expected a number from ${minimum} to ${maximum}, got ${JSON.stringify(value)}.`,
    );
  }
  return value;
}

const activations: Option[] = [
  { value: 'relu', label: 'ReLU' },
  { value: 'leaky-relu', label: 'LeakyReLU(0.01)' },
  { value: 'tanh', label: 'Tanh' },
  { value: 'elu', label: 'ELU' },
  { value: 'silu', label: 'SiLU' },
];

export const activationQuestion = choice(
  'activation',
  'Activation of the networks',
  'A state dict does not name it. With another one the flow still runs, and all its numbers are wrong.',
  activations,
);

export function activationOf(answers: ImportAnswers): VectorModelConfig['activation'] {
  return chosen(answers, activationQuestion);
}
