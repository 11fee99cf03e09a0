import { readMetrics, readStatus, runPaths } from '../../checkpoint/run-folder';
import type { RunView } from '../../protocol/inspect';

/** What the run folder of a model says; null for a file outside of one. */
export async function run(folder: string | undefined): Promise<RunView | null> {
  if (!folder) return null;
  const paths = runPaths(folder);
  const [metrics, status] = await Promise.all([readMetrics(paths), readStatus(paths)]);
  return {
    folder,
    metrics,
    status: status?.status ?? 'unknown',
    ...(status?.message ? { message: status.message } : {}),
  };
}
