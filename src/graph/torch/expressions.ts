/** Python expressions as text, with how strongly their outermost operator binds. */

export const binds = {
  comparison: 1,
  or: 2,
  and: 3,
  sum: 4,
  product: 5,
  negation: 6,
  power: 7,
  atom: 9,
} as const;

export interface Expression {
  text: string;
  binds: number;
}

export const atom = (text: string): Expression => ({ text, binds: binds.atom });

/** In parentheses where it binds less than it has to. */
export function within({ text, binds: strength }: Expression, least: number): string {
  return strength < least ? `(${text})` : text;
}

/** `a + b`; the right side needs parentheses where it binds equally. */
export function operation(operator: string, level: number, [a, b]: readonly Expression[]): Expression {
  return { text: `${within(a!, level)} ${operator} ${within(b!, level + 1)}`, binds: level };
}

export function called(name: string, ...args: readonly (Expression | string)[]): Expression {
  return atom(`${name}(${args.map((arg) => (typeof arg === 'string' ? arg : arg.text)).join(', ')})`);
}

export function method(of: Expression, name: string, ...args: readonly (Expression | string)[]): Expression {
  return called(`${within(of, binds.atom)}.${name}`, ...args);
}

export function listText(values: readonly (number | string)[]): string {
  return values.join(', ');
}

/** `(2,)`, `(2, 3)`. */
export function tupleText(values: readonly (number | string)[]): string {
  return values.length === 1 ? `(${values[0]!},)` : `(${listText(values)})`;
}

const largestFloat = (2 - 2 ** -23) * 2 ** 127;

/** The shortest decimal that is read back as the same float32. */
export function numberText(value: number, dtype: 'float32' | 'int32' | 'bool' = 'float32'): string {
  if (dtype === 'bool') return value ? 'True' : 'False';
  if (dtype === 'int32') return String(value);
  if (!Number.isFinite(value))
    return Number.isNaN(value) ? 'float("nan")' : `float("${value < 0 ? '-' : ''}inf")`;
  const digits = [6, 7, 8, 9].find((count) => {
    const read = Number(value.toPrecision(count));
    // PyTorch refuses a number beyond the largest float32 that would be rounded down to it.
    return Math.fround(read) === Math.fround(value) && Math.abs(read) <= largestFloat;
  });
  const short = Number(value.toPrecision(digits ?? 17));
  const text = Object.is(value, -0) ? '-0' : String(short);
  return /[.e]/.test(text) ? text : `${text}.0`;
}
