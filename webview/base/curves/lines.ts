/** The columns of a run as lines of a chart. */
import type { MetricName } from '../../../src/protocol/run';
import type { RunLine } from '../charts/run-chart';
import type { RunData } from '../store/run-state';
import type { CurveLook } from './curve-controls';

/** Whether losses are stated in bits/dim. */
export function inBits({ columns }: RunData): boolean {
  return columns.trainBitsPerDim !== undefined || columns.validationBitsPerDim !== undefined;
}

/** Place of a step on the horizontal axis; between two rows by proportion. */
export function placeOfStep(
  run: RunData,
  step: number | undefined,
  axis: CurveLook['axis'],
): number | undefined {
  if (step === undefined || axis === 'step' || !run.columns.seconds) return step;
  const { steps, columns } = run;
  const after = steps.findIndex((known) => known >= step);
  if (after < 0) return undefined;
  if (after === 0 || steps[after] === step) return columns.seconds![after];
  const share = (step - steps[after - 1]!) / (steps[after]! - steps[after - 1]!);
  return columns.seconds![after - 1]! + share * (columns.seconds![after]! - columns.seconds![after - 1]!);
}

export function lineOf(
  run: RunData,
  metric: MetricName,
  look: { name: string; style: RunLine['style']; axis: CurveLook['axis'] },
): RunLine[] {
  const { [metric]: y, seconds } = run.columns;
  const x = look.axis === 'time' && seconds ? seconds : run.steps;
  return y ? [{ name: look.name, style: look.style, x, y }] : [];
}

/** Last value of a metric at or before a step. */
export function valueAt(run: RunData, metric: MetricName, step: number | undefined): number | undefined {
  const values = run.columns[metric];
  if (!values || step === undefined) return undefined;
  for (let i = values.length - 1; i >= 0; i--)
    if (run.steps[i]! <= step && Number.isFinite(values[i]!)) return values[i];
  return undefined;
}
