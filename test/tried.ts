/** Which cases tests run: some of those that are asserted alike, or all of them with `npm test -- --full`. */
const full = process.env['FLOWSCOPE_TEST_FULL'] === '1';

/** The chosen ones of a table of cases, or all. */
export function tried<T>(cases: readonly T[], chosen: (one: T, index: number) => boolean): readonly T[] {
  return full ? cases : cases.filter(chosen);
}

/** Every n-th, of tables that are sorted by kind. */
export const oneIn =
  (n: number) =>
  (_: unknown, index: number): boolean =>
    index % n === 0;
