/** Which cases a run of the tests takes: those that show each kind once, or with `npm test -- --full` all of them. */
const full = process.env['FLOWSCOPE_TEST_FULL'] === '1';

/** Of a table of cases that are asserted alike. */
export function tried<T>(cases: readonly T[], chosen: (one: T, index: number) => boolean): readonly T[] {
  return full ? cases : cases.filter(chosen);
}

/** Every n-th, of tables that are sorted by kind. */
export const oneIn =
  (n: number) =>
  (_: unknown, index: number): boolean =>
    index % n === 0;
