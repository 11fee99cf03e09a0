/** What softplus takes to give y > 0: ln(e^y − 1), without an overflow for large y. */
export function inverseSoftplus(y: number): number {
  return y + Math.log(-Math.expm1(-y));
}

/** ln(1 + eˣ), without an overflow for large x. */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
