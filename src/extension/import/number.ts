import type { ImportQuestion } from '../../protocol/import';

type NumberAnswer = Extract<ImportQuestion['answer'], { kind: 'number' }>;

type Problem = 'number' | 'integer' | 'range' | 'count';

/** What a user typed, or what is wrong with it: a number, or several with commas where the question takes them. */
export function parseNumbers(
  text: string,
  answer: NumberAnswer,
): { value: number | string } | { problem: Problem } {
  const count = answer.interval ? 2 : answer.all?.apart ? answer.all.count : 1;
  const words = text.split(',');
  if (count === 1 || words.length === 1) return parseNumber(text, answer);
  if (words.length !== count) return { problem: 'count' };
  // The ends of an interval may be anywhere.
  const parsed = words.map((word) =>
    parseNumber(word, answer.interval ? { ...answer, minimum: -Infinity } : answer),
  );
  return parsed.find((one) => 'problem' in one) ?? { value: words.map((word) => word.trim()).join(', ') };
}

/** A number. Empty text and "1e999" are not numbers. */
function parseNumber(
  text: string,
  { integer, minimum, maximum }: NumberAnswer,
): { value: number } | { problem: Problem } {
  const value = Number(text.trim());
  if (text.trim() === '' || !Number.isFinite(value)) return { problem: 'number' };
  if (integer && !Number.isSafeInteger(value)) return { problem: 'integer' };
  if (value < (minimum ?? -Infinity) || value > (maximum ?? Infinity)) return { problem: 'range' };
  return { value };
}
