/** (Σw)² / Σw²: how many values of equal weight say as much (Kish 1965). 0 where all weights are. */
export function effectiveCount(weights: ArrayLike<number>): number {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < weights.length; i++) {
    sum += weights[i]!;
    squares += weights[i]! ** 2;
  }
  return squares > 0 ? (sum * sum) / squares : 0;
}
