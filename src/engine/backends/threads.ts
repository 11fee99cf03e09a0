import { availableParallelism } from 'node:os';
import { UserError } from '../../base/user-error';

/**
 * How many threads compute: as given, else what FLOWSCOPE_THREADS says; 0 and silence mean all processors.
 * @throws UserError when FLOWSCOPE_THREADS is not a number of threads
 */
export function threadsToUse(setting?: number, env: NodeJS.ProcessEnv = process.env): number {
  const text = env['FLOWSCOPE_THREADS'];
  const count = setting ?? (text ? Number(text) : 0);
  if (!Number.isSafeInteger(count) || count < 0)
    throw new UserError(`FLOWSCOPE_THREADS is "${text}"; a whole number is expected, 0 for all processors.`);
  return count || availableParallelism();
}
