/** Waiting for what comes in its own time, as long as a slow machine needs. */
import { setTimeout as pause } from 'node:timers/promises';

/** How many times longer this machine takes than one of usual pace; measured before the tests (scripts/pace.mjs). */
const pace = Math.max(1, Number(process.env['FLOWSCOPE_TEST_PACE'] ?? 1));

/** So many milliseconds on a machine of usual pace, in those of this one. */
export const patience = (milliseconds: number): number => milliseconds * pace;

/**
 * Asks until the answer is neither undefined nor false.
 * @param milliseconds on a machine of usual pace
 */
export async function until<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  milliseconds = 20_000,
): Promise<T> {
  const limit = patience(milliseconds);
  const end = Date.now() + limit;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > end) throw new Error(`waited ${Math.round(limit / 1000)} s in vain for ${what}`);
    await pause(50);
  }
}

/** What is wrong still when all that was on its way has arrived. */
export async function settled(look: () => Promise<string[]>): Promise<string[]> {
  let found = await look();
  for (let i = 0; found.length > 0 && i < 8; i++) {
    await pause(250);
    found = await look();
  }
  return found;
}
