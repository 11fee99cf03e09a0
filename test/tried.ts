/** Which cases a run by hand leaves to `npm test -- --full`: test/lengths.json says why. */
import lengths from './lengths.json';

const full = process.env['FLOWSCOPE_TEST_FULL'] === '1';

/** Whether cases run that are slow and asserted nearly alike elsewhere. */
export const thorough = process.env['FLOWSCOPE_THOROUGH'] === '1';

/** Names of tests that are left out in this tier, each with those of the suites around it, joined by ' > '. */
const leftOut = JSON.parse(process.env['FLOWSCOPE_TEST_LEFT_OUT'] || '[]') as readonly string[];

/** Whether a test or suite is left out; a name in the list counts for all tests whose names begin with it. */
export const isLeftOut = (name: string): boolean => leftOut.some((start) => name.startsWith(start));

/** The chosen ones of a table of cases, or all. The table has to be in test/lengths.json. */
export function tried<T>(
  table: keyof typeof lengths.tables,
  cases: readonly T[],
  chosen: (one: T, index: number) => boolean,
): readonly T[] {
  return full || !(table in lengths.tables) ? cases : cases.filter(chosen);
}

/** Every n-th, of tables that are sorted by kind. */
export const oneIn =
  (n: number) =>
  (_: unknown, index: number): boolean =>
    index % n === 0;
