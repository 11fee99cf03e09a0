/** IEEE 754 half precision bits to a number. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** Bits of a float8_e4m3fn, which has no infinities, to a number. */
export function fromE4m3(bits: number): number {
  const sign = bits & 0x80 ? -1 : 1;
  const exponent = (bits >> 3) & 0xf;
  const fraction = bits & 7;
  if (exponent === 0) return sign * fraction * 2 ** -9;
  return exponent === 0xf && fraction === 7 ? NaN : sign * (8 + fraction) * 2 ** (exponent - 10);
}
