export const finiteOrNaN = (value: number): number => (Number.isFinite(value) ? value : NaN);

export function countNonFinite(values: ArrayLike<number>): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) count++;
  return count;
}
