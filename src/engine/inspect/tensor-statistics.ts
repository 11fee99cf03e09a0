import { UserError } from '../../base/user-error';
import type { NumericArray, TensorStatistics } from '../../protocol/tensors';
import { breathe } from '../model/breathe';
import { statsOf } from './statistics';

/**
 * Statistics of tensors of a file, in the order of the names. One tensor is in memory at a time; for one that cannot be
 * read, the reason is given.
 * @throws CancelledError
 */
export async function tensorStatistics(
  file: { read(name: string): Promise<{ data: NumericArray }> },
  names: readonly string[],
  signal: AbortSignal = new AbortController().signal,
): Promise<TensorStatistics[]> {
  const statistics: TensorStatistics[] = [];
  for (const name of names) {
    await breathe(signal);
    try {
      statistics.push({ name, stats: statsOf((await file.read(name)).data) });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      statistics.push({ name, problem: error.message });
    }
  }
  return statistics;
}
