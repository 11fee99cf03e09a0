/** Follows the run that a model lies in: measurements, checkpoints, and requests to its training. */
import { defined } from '../../base/defined';
import { stat } from 'node:fs/promises';
import { requestedControl, readRates } from '../../checkpoint/control';
import { createMetricsTail, type MetricsTail } from '../../checkpoint/metrics-tail';
import { listCheckpoints, readStatus, runPaths } from '../../checkpoint/run-folder';
import { readHolder } from '../../checkpoint/run-lock';
import { parseTrainedConfig } from '../../config/parse';
import { stateOf } from '../../config/run-state';
import { largestJson } from '../../config/run-status';
import type { TrainingConfig } from '../../config/schema';
import { UserError } from '../../base/user-error';
import { readText } from '../../files/read';
import type { CurvesQuery, RunCurves } from '../../protocol/run';

export type Curves = (query: CurvesQuery) => Promise<RunCurves | null>;

/** @param folder of the run; without one there is nothing to follow, and the answer is null */
export function createCurves(folder: string | undefined): Curves {
  let tail: MetricsTail | undefined;
  return async ({ after }) => {
    if (!folder) return null;
    checkAfter(after);
    const paths = runPaths(folder);
    tail ??= createMetricsTail(paths.metrics);
    const [status, written, holder, rates, checkpoints, control, training] = await Promise.all([
      readStatus(paths),
      stat(paths.status).catch(() => undefined),
      // By the clock of this machine: who looks at a run writes nothing into it.
      readHolder(folder, Date.now).catch(() => undefined),
      // A damaged file is a matter of the training, which says so; curves can still be drawn.
      readRates(folder).catch(() => []),
      listCheckpoints(paths),
      requestedControl(folder),
      trainingOf(paths.config),
      tail.refresh(),
    ]);
    const start = after?.source === tail.source ? Math.min(after.rows, tail.rows) : 0;
    return {
      folder,
      status: status ? stateOf(status.status, holder, Date.now() - (written?.mtimeMs ?? 0)) : 'unknown',
      ...defined({ message: status?.message || undefined, notFinite: status?.notFinite }),
      ...defined({ step: status?.step, updated: written?.mtimeMs }),
      ...(training && {
        totalSteps: training.steps,
        training: { learningRate: training.learningRate, clipNorm: training.clipNorm },
      }),
      source: tail.source,
      start,
      ...tail.slice(start),
      checkpoints,
      rates,
      ...defined({ answered: status?.control, asked: control }),
    };
  };
}

function checkAfter(after: CurvesQuery['after']): void {
  if (!after) return;
  const { source, rows } = after;
  if (Number.isInteger(source) && Number.isInteger(rows) && rows >= 0) return;
  throw new UserError(`Rows after ${rows} of file ${source} were asked for; expected whole numbers from 0.`);
}

async function trainingOf(file: string): Promise<TrainingConfig | undefined> {
  try {
    return parseTrainedConfig(await readText(file, largestJson), file).training;
  } catch {
    return undefined;
  }
}
