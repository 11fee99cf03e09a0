/** How long each preset would take on these data, measured one after the other. */
import { signal, type ReadonlySignal } from '@preact/signals';
import type { DataChoice, TrainEstimate } from '../../src/protocol/engine';
import type { PreviewHost } from '../../src/protocol/preview-page';

export type Estimate = { status: 'measuring' } | { status: 'failed' } | ({ status: 'ready' } & TrainEstimate);

/** A training that nobody asked to be long ends in about this time, s. */
const usualTime = 600;
const fewestSteps = 200;

export interface Estimates {
  readonly of: ReadonlySignal<Readonly<Record<string, Estimate>>>;
  measure(presets: readonly string[], choice: DataChoice): void;
  stop(): void;
}

export function createEstimates(host: PreviewHost): Estimates {
  const of = signal<Record<string, Estimate>>({});
  let round = 0;
  let running: string | undefined;
  let measuredFor = '';
  const stop = (): void => {
    round++;
    if (running !== undefined) void host.cancel(running).catch(() => {});
    running = undefined;
  };
  const measure = async (presets: readonly string[], choice: DataChoice): Promise<void> => {
    stop();
    const own = round;
    const same = measuredFor === JSON.stringify(choice);
    measuredFor = JSON.stringify(choice);
    const left = same ? presets.filter((preset) => of.value[preset]?.status !== 'ready') : presets;
    // What is known of other columns is about right, and better than nothing.
    for (const preset of left) {
      const token = `estimate ${own} ${preset}`;
      if (of.value[preset]?.status !== 'ready') of.value = { ...of.value, [preset]: { status: 'measuring' } };
      running = token;
      const found = await host.estimate({ ...choice, preset }, token).then(
        (estimate): Estimate => ({ status: 'ready', ...estimate }),
        (): Estimate => ({ status: 'failed' }),
      );
      if (own !== round) return;
      of.value = { ...of.value, [preset]: found };
    }
    running = undefined;
  };
  return { of, measure: (presets, choice) => void measure(presets, choice), stop };
}

export function secondsFor({ secondsPerStep, secondsBetween }: TrainEstimate, steps: number): number {
  return steps * (secondsPerStep + secondsBetween);
}

/** The preset's steps for so many data, or as many as fit into ten minutes. */
export function recommendedSteps(estimate: TrainEstimate): number {
  const perStep = estimate.secondsPerStep + estimate.secondsBetween;
  const fitting = Math.max(fewestSteps, Math.floor(Number((usualTime / perStep).toPrecision(2))));
  return Math.min(estimate.steps, fitting);
}
