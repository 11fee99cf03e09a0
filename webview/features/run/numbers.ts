import { metricNames } from '../../../src/protocol/run';
import { runState } from '../../base/store/run-state';
import type { Store } from '../../base/store/store';
import { vector, type ViewData } from '../../base/view-data/view-data';

/** What is measured of the loss comes first. */
const runColumns = {
  loss: metricNames.slice(0, metricNames.indexOf('gradientNorm')),
  gradient: ['seconds', 'gradientNorm'],
  rate: ['seconds', 'learningRate'],
} as const;

/** Rows as they were measured, without the smoothing of the curves. */
export function runNumbers(id: keyof typeof runColumns, store: Store): ViewData {
  const run = store.state(runState).run.data.value;
  if (!run) return {};
  const used = runColumns[id].flatMap((name) => {
    const values = run.columns[name];
    return values ? [{ name, values: Array.from(values) }] : [];
  });
  const steps = Array.from(run.steps);
  return {
    columns: [
      { name: 'step', values: steps },
      // What was not measured at a step is not a number.
      ...used.map(({ name, values }) => ({
        name,
        values: values.map((value) => (Number.isNaN(value) ? undefined : value)),
      })),
    ],
    arrays: {
      step: vector(steps),
      ...Object.fromEntries(used.map(({ name, values }) => [name, vector(values)])),
    },
  };
}
