/** Numbers written above and below the line. */

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹';
const subscripts = '₀₁₂₃₄₅₆₇₈₉';

const inDigits = (value: number, digits: string): string =>
  [...String(Math.abs(value))].map((digit) => digits[Number(digit)]).join('');

/** 2⁻⁸, of whole numbers. */
export function power(base: number, exponent: number): string {
  return `${base}${exponent < 0 ? '⁻' : ''}${inDigits(exponent, superscripts)}`;
}

/** 10⁻⁷. */
export const powerOfTen = (exponent: number): string => power(10, exponent);

/** ₁₂, of a whole number from 0. */
export function subscript(value: number): string {
  return inDigits(value, subscripts);
}
