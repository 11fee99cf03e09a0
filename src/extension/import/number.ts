import type { ImportQuestion } from '../../protocol/import';

type NumberAnswer = Extract<ImportQuestion['answer'], { kind: 'number' }>;

/** What a user typed, or what is wrong with it. Empty text and "1e999" are no numbers. */
export function parseNumber(
  text: string,
  { integer, minimum, maximum }: NumberAnswer,
): { value: number } | { problem: 'number' | 'integer' | 'range' } {
  const value = Number(text.trim());
  if (text.trim() === '' || !Number.isFinite(value)) return { problem: 'number' };
  if (integer && !Number.isSafeInteger(value)) return { problem: 'integer' };
  if (value < (minimum ?? -Infinity) || value > (maximum ?? Infinity)) return { problem: 'range' };
  return { value };
}
