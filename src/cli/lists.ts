/** Options that hold several values, separated by commas. */
import { columnTransform, transformForms } from '../config/standardization';
import { UserError } from '../base/user-error';

function parts(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** Names, or zero-based numbers. */
export function columnList(text: string): (string | number)[] {
  return parts(text).map(columnName);
}

export function columnName(text: string): string | number {
  return /^\d+$/.test(text) ? Number(text) : text;
}

/** "income=log,age=logit:0:120", by column. A name may hold a "=". @throws UserError for a part that is none */
export function transformList(text: string): Record<string, string> {
  const found = parts(text).map((part): [string, string] => {
    const at = part.lastIndexOf('=');
    const map = part.slice(at + 1);
    if (at > 0 && columnTransform(map)) return [part.slice(0, at), map];
    throw new UserError(`--transform ${part}: expected COLUMN=MAP, where MAP is ${transformForms}.`);
  });
  return Object.fromEntries(found);
}

/** @throws UserError unless all are whole numbers from 0 */
export function indexList(option: string, text: string): number[] {
  const found = parts(text);
  const wrong = found.find((part) => !/^\d+$/.test(part) || !Number.isSafeInteger(Number(part)));
  if (wrong !== undefined || found.length === 0) {
    throw new UserError(
      `--${option} ${text}: expected indices of examples from 0, separated by commas, such as 0,3,5.`,
    );
  }
  return found.map(Number);
}

/** @throws UserError unless all are numbers from 0 */
export function numberList(option: string, text: string): number[] {
  const found = parts(text).map(Number);
  if (found.length > 0 && found.every((value) => value >= 0 && Number.isFinite(value))) return found;
  throw new UserError(
    `--${option} ${text}: expected numbers from 0, separated by commas, such as 1,0.8,0.6.`,
  );
}

/** Names that a message lists. */
const mostNames = 40;

/** Two features, the first two by default; undefined where there is one. @throws UserError for names and numbers that there are not */
export function featurePair(
  option: string,
  text: string | undefined,
  names: readonly string[] | undefined,
  size: number,
): [number, number] | undefined {
  if (text === undefined) return size > 1 ? [0, 1] : undefined;
  const [a = -1, b = -1, ...more] = columnList(text).map((name) =>
    typeof name === 'number' ? name : (names?.indexOf(name) ?? -1),
  );
  if (more.length === 0 && a !== b && [a, b].every((d) => d >= 0 && d < size)) return [a, b];
  const known = names ? `: ${names.slice(0, mostNames).join(', ')}` : '';
  throw new UserError(
    `--${option} ${text}: expected two different features, by name or by number from 0 to ${size - 1}${known}.`,
  );
}
