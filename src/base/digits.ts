/** Numbers written above and below the line. */

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹';
const subscripts = '₀₁₂₃₄₅₆₇₈₉';

const inDigits = (value: number, digits: string): string =>
  [...String(Math.abs(value))].map((digit) => digits[Number(digit)]).join('');

/** 10⁻⁷. */
export function powerOfTen(exponent: number): string {
  return `10${exponent < 0 ? '⁻' : ''}${inDigits(exponent, superscripts)}`;
}

/** ₁₂, of a whole number from 0. */
export function subscript(value: number): string {
  return inDigits(value, subscripts);
}
