/** At most `most` of the numbers 0 … count − 1, rising, spread evenly over them. */
export function evenlySpaced(count: number, most: number): number[] {
  const n = Math.min(count, most);
  return Array.from({ length: n }, (_, i) => Math.floor((i * count) / n));
}
