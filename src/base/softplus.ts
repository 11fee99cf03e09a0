/** What softplus takes to give y > 0: ln(e^y − 1), without an overflow for large y. */
export function inverseSoftplus(y: number): number {
  return y + Math.log(-Math.expm1(-y));
}
