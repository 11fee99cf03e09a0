/** Answers to a library's questions: checked, and completed with its defaults. */
import { nearest } from '../../config/nearest';
import { several, UserError } from '../../base/user-error';
import { apartMark } from '../import/questions';
import type { ImportAnswers, ImportQuestion } from '../../protocol/import';

/** What is decided by the sizes of tensors, or asked of some files alone. Answers written by hand may have it; it is not used. */
const shownByTensors: ReadonlySet<string> = new Set([
  ...['numBins', 'bins', 'features', 'contextFeatures', 'context', 'hiddenFeatures', 'hiddenDims'],
  ...['numBlocks', 'numBlocksPerLayer', 'numLayers', 'numTransforms', 'transforms'],
  ...['univariate', 'splineKind'],
]);

/**
 * @param where whose answers they are, for messages
 * @throws UserError for an answer to no question, or one that is not among those possible
 */
export function completeAnswers(
  questions: readonly ImportQuestion[],
  answers: ImportAnswers,
  where: string,
): Record<string, string | number> {
  const keys = questions.map(({ key }) => key);
  for (const key of Object.keys(answers)) {
    if (keys.includes(key) || shownByTensors.has(key)) continue;
    const near = nearest(key, keys);
    throw new UserError(
      `${where}: "${key}" is not asked of this file; ` +
        (keys.length === 0
          ? 'nothing is.'
          : `${near ? `did you mean "${near}"? ` : ''}Asked are ${keys.join(', ')}.`),
    );
  }
  return Object.fromEntries(
    questions.map((question) => [question.key, checked(question, answerTo(question, answers), where)]),
  );
}

/** An answer without the name of a layer is for all layers whose question it fits. */
export function answerTo(
  { key, answer }: ImportQuestion,
  answers: ImportAnswers,
): string | number | undefined {
  if (answers[key] !== undefined) return answers[key];
  const all = answers[key.split(apartMark)[0]!];
  if (all === undefined) return undefined;
  const fits =
    answer.kind === 'choice'
      ? answer.options.some(({ value }) => value === all)
      : typeof numbersOf(all, answer) !== 'string';
  return fits ? all : undefined;
}

function checked(
  { key, answer }: ImportQuestion,
  value: string | number | undefined,
  where: string,
): string | number {
  if (value === undefined) return answer.default;
  if (answer.kind === 'choice') {
    const values = answer.options.map((option) => option.value);
    if (values.some((known) => known === value)) return value;
    throw new UserError(
      `${where}: ${key}: expected one of ${values.join(', ')}, got ${JSON.stringify(value)}.`,
    );
  }
  const numbers = numbersOf(value, answer);
  if (typeof numbers !== 'string') return numbers.length === 1 ? numbers[0]! : numbers.join(', ');
  throw new UserError(`${where}: ${key}: expected ${numbers}, got ${JSON.stringify(value)}.`);
}

type NumberAnswer = Extract<ImportQuestion['answer'], { kind: 'number' }>;

/** The number that a person gave, one for each layer, or the ends of an interval; what was expected, in words, for others. */
export function numbersOf(value: string | number, answer: NumberAnswer): number[] | string {
  const { integer, minimum = -Infinity, maximum = Infinity, all, interval } = answer;
  const words = typeof value === 'number' ? [String(value)] : value.split(',').map((word) => word.trim());
  // A number in quotes is a slip in JSON, not a list of one.
  const numbers =
    words.length === 1 && typeof value === 'string'
      ? [NaN]
      : words.map((word) => (word === '' ? NaN : Number(word)));
  const fits = (value: number): boolean =>
    value >= minimum && value <= maximum && Number.isFinite(value) && (!integer || Number.isInteger(value));
  const [low, high] = numbers;
  const ends = interval === true && numbers.length === 2 && numbers.every(Number.isFinite) && low! < high!;
  if (ends) return numbers;
  const each = all?.apart === true && numbers.length === all.count;
  if ((numbers.length === 1 || each) && numbers.every(fits))
    return new Set(numbers).size === 1 ? [numbers[0]!] : numbers;
  const range = [
    ...(Number.isFinite(minimum) ? [`≥ ${minimum}`] : []),
    ...(Number.isFinite(maximum) ? [`≤ ${maximum}`] : []),
  ].join(' and ');
  return (
    `${integer ? 'an integer' : 'a number'}${range ? ` ${range}` : ''}` +
    (interval ? ', or its ends, such as "0, 10"' : '') +
    (all && all.count > 1
      ? all.apart
        ? `, or ${all.count} of them, one for each ${all.one}`
        : ` for all ${several(all.count, all.one)}, which have one here`
      : '')
  );
}

/** "Height of the images: 32 (default)". */
export function assumptionsOf(
  questions: readonly ImportQuestion[],
  answers: ImportAnswers,
  userAnswers: ImportAnswers,
): string[] {
  return questions.map(
    (question) =>
      `${shownAnswer(question, answers)}${answerTo(question, userAnswers) === undefined ? ' (default)' : ''}`,
  );
}

/** What was guessed, for want of an answer: "Height of the images: 32". */
export function guessesOf(
  questions: readonly ImportQuestion[],
  answers: ImportAnswers,
  userAnswers: ImportAnswers,
): string[] {
  return questions
    .filter((question) => question.guess && answerTo(question, userAnswers) === undefined)
    .map((question) => shownAnswer(question, answers));
}

function shownAnswer({ key, title, answer }: ImportQuestion, answers: ImportAnswers): string {
  const value = answers[key] ?? answer.default;
  const label =
    answer.kind === 'choice' ? answer.options.find((option) => option.value === value)?.label : undefined;
  const shown = answer.kind === 'number' ? shownNumbers(value, answer) : label;
  return `${title}: ${shown ?? value}`;
}

/** "2 in all 3 blocks", "2, 1, 3, one for each block", "0 to 10". */
function shownNumbers(value: string | number, { all, interval }: NumberAnswer): string {
  if (typeof value === 'number')
    return all && all.count > 1 ? `${value} in all ${several(all.count, all.one)}` : String(value);
  if (interval) return value.split(', ').join(' to ');
  return all ? `${value}, one for each ${all.one}` : value;
}

/** Settings one after the other, as on a command line: "clamp=2,1,3,activation=relu" are two. */
export function splitSettings(text: string): string[] {
  return text.split(/,(?=[^,=]*=)/).map((word) => word.trim());
}

/** Answers written as KEY=VALUE, as on a command line; numbers where a number is asked for. */
export function parseAnswers(questions: readonly ImportQuestion[], words: readonly string[]): ImportAnswers {
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=');
      if (at < 1) throw new UserError(`"${word}": expected KEY=VALUE, for example height=32.`);
      const [key, text] = [word.slice(0, at).trim(), word.slice(at + 1).trim()];
      const question = questions.find((candidate) => candidate.key === key);
      const number = Number(text);
      return [
        key,
        question?.answer.kind === 'number' && text !== '' && !Number.isNaN(number) ? number : text,
      ];
    }),
  );
}
