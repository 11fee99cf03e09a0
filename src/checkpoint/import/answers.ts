/** Answers to a library's questions: checked, and completed with its defaults. */
import { nearest } from '../../config/nearest';
import { UserError } from '../../base/user-error';
import type { ImportAnswers, ImportQuestion } from '../../protocol/import';

/** Arguments of the libraries that the sizes of tensors decide. Answers written by hand may have them; they are not used. */
const shownByTensors: ReadonlySet<string> = new Set([
  ...['numBins', 'bins', 'features', 'contextFeatures', 'context', 'hiddenFeatures', 'hiddenDims'],
  ...['numBlocks', 'numBlocksPerLayer', 'numLayers', 'numTransforms', 'transforms'],
]);

/**
 * @param where whose answers they are, for messages
 * @throws UserError for an answer to no question, or one that is not among those possible
 */
export function completeAnswers(
  questions: readonly ImportQuestion[],
  given: ImportAnswers,
  where: string,
): Record<string, string | number> {
  const keys = questions.map(({ key }) => key);
  for (const key of Object.keys(given)) {
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
    questions.map((question) => [question.key, checked(question, given[question.key], where)]),
  );
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
  const { integer, minimum = -Infinity, maximum = Infinity } = answer;
  const fits = typeof value === 'number' && value >= minimum && value <= maximum;
  if (fits && (!integer || Number.isInteger(value))) return value;
  const range = [
    ...(Number.isFinite(minimum) ? [`≥ ${minimum}`] : []),
    ...(Number.isFinite(maximum) ? [`≤ ${maximum}`] : []),
  ].join(' and ');
  throw new UserError(
    `${where}: ${key}: expected ${integer ? 'an integer' : 'a number'}${range ? ` ${range}` : ''}, got ${JSON.stringify(value)}.`,
  );
}

/** "Height of the images: 32 (default)". */
export function assumptionsOf(
  questions: readonly ImportQuestion[],
  answers: ImportAnswers,
  given: ImportAnswers,
): string[] {
  return questions.map(({ key, title, answer }) => {
    const value = answers[key] ?? answer.default;
    const label =
      answer.kind === 'choice' ? answer.options.find((option) => option.value === value)?.label : undefined;
    return `${title}: ${label ?? value}${given[key] === undefined ? ' (default)' : ''}`;
  });
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
