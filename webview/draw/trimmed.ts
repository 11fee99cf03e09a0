/** Share of the values whose size the colours tell apart when outliers are trimmed. */
const told = 0.995;

/** The size that 99.5 % of the finite values do not exceed, and how many do. */
export function trimmedSize(arrays: readonly ArrayLike<number>[]): { size: number; beyond: number } {
  const sizes: number[] = [];
  for (const array of arrays) {
    for (let i = 0; i < array.length; i++) {
      const size = Math.abs(array[i]!);
      if (Number.isFinite(size)) sizes.push(size);
    }
  }
  const sorted = Float64Array.from(sizes).sort();
  const at = Math.max(0, Math.ceil(told * sorted.length) - 1);
  const size = sorted[at] ?? 0;
  let beyond = 0;
  for (let i = sorted.length - 1; i > at && sorted[i]! > size; i--) beyond++;
  return { size, beyond };
}
