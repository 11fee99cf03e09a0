// What `npm test` leaves to `npm test -- --full`: test/lengths.json.
//   tables  tables of cases of which `tried` (test/tried.ts) runs some
//   tiers   whole files, or tests of a file by the beginnings of their names, that only --full runs
//   release the same of what --full runs only with FLOWSCOPE_THOROUGH=1, which is meant for releases
//   cases   how many tests each tier had in the last complete run with --full, which writes them
import fs from 'node:fs';
import path from 'node:path';
import { root } from './esbuild-options.mjs';

const file = path.join(root, 'test', 'lengths.json');
const read = () => JSON.parse(fs.readFileSync(file, 'utf8'));

/** The name that test/lengths.json has for a test file: its path in the tier's folder without the ending. */
const nameOf = (tier, source) =>
  path
    .relative(
      tier === 'python' ? path.join(root, 'python', 'tests') : path.join(root, 'test', tier),
      path.resolve(root, source),
    )
    .replace(/(\.test)?\.(tsx?|py)$/, '')
    .replaceAll('\\', '/');

/**
 * @param full what only releases run is left out, and nothing else
 * @returns {{ files: string[], tests: string[] }} the files to run, and the beginnings of names of tests that are left out
 */
export function shorter(tier, sources, full = false) {
  const { tiers, release } = read();
  const entries = [...(full ? [] : (tiers[tier] ?? [])), ...(release[tier] ?? [])];
  const whole = new Set(entries.filter(({ tests }) => !tests).map(({ file: name }) => name));
  return {
    files: sources.filter((source) => !whole.has(nameOf(tier, source))),
    tests: entries.flatMap(({ tests = [] }) => tests),
  };
}

/** How many more tests the tiers of these results have with --full. */
export function furtherCases(results) {
  const { cases } = read();
  const further = results.map(
    ({ name, passed, failed, skipped }) => (cases[name] ?? 0) - passed - failed - skipped,
  );
  return further.reduce((sum, more) => sum + Math.max(0, more), 0);
}

/** Notes how many tests complete tiers have, in the format that `prettier --check` expects. */
export async function noteCases(results) {
  const { format, resolveConfig } = await import('prettier');
  const lengths = read();
  for (const { name, passed, failed, skipped, missing = [] } of results) {
    if (failed === 0 && missing.length === 0) lengths.cases[name] = passed + skipped;
  }
  const text = await format(JSON.stringify(lengths), { ...(await resolveConfig(file)), filepath: file });
  fs.writeFileSync(file, text);
}
