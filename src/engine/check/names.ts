/** The names of features; x1, x2, … where the data have none. */
export function namesOr(names: readonly string[] | undefined, size: number): readonly string[] {
  return names ?? Array.from({ length: size }, (_, d) => `x${d + 1}`);
}
