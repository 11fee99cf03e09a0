/** What commands say of results that are NaN or infinite. */
import { count as shown, counted, shownPath } from './format';
import type { Session } from './session';

/** A row of a command's report; without a text where there are none. */
export function nonFiniteWarning(n: number): [string, string | undefined] {
  return ['Warning', n > 0 ? `${shown(n)} non-finite values: the inverse overflows` : undefined];
}

/**
 * Says on standard error, also with --quiet, how many examples have a value that is not finite, where there are any.
 * @param arrays of the results, each with as many values for every example
 * @returns how many, for --json
 */
export function reportNonFinite(
  { progress, terminal }: Pick<Session, 'progress' | 'terminal'>,
  file: string,
  count: number,
  arrays: readonly ArrayLike<number>[],
): { nonFiniteExamples: number } {
  const isBad = new Uint8Array(count);
  for (const values of arrays) {
    const size = values.length / count;
    for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) isBad[Math.floor(i / size)] = 1;
  }
  const nonFiniteExamples = isBad.reduce((sum, bad) => sum + bad, 0);
  if (nonFiniteExamples > 0) {
    progress.end();
    terminal.err(
      `flowscope: ${shown(nonFiniteExamples)} of ${counted(count, 'example')} ${nonFiniteExamples === 1 ? 'has a result that is' : 'have results that are'} ` +
        `not finite; flowscope diagnose ${shownPath(file)} says where.\n`,
    );
  }
  return { nonFiniteExamples };
}
