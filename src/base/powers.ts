const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** 10⁻⁷. */
export function powerOfTen(exponent: number): string {
  const digits = [...String(Math.abs(exponent))].map((d) => superscripts[Number(d)]).join('');
  return `10${exponent < 0 ? '⁻' : ''}${digits}`;
}
