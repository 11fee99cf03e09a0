/** How long each preset would take on these data, measured one after the other. */
import { signal, type ReadonlySignal } from '@preact/signals';
import type { DataChoice, TrainEstimate } from '../../src/protocol/engine';
import type { PreviewHost } from '../../src/protocol/preview-page';
import { messageOf } from '../base/host/page-api';

export type Estimate =
  { status: 'measuring' } | { status: 'failed'; message: string } | ({ status: 'ready' } & TrainEstimate);

/** Usual length of a training, s, unless the user asks for a longer one. */
const usualTime = 600;
const fewestSteps = 200;

export type Estimates = ReturnType<typeof createEstimates>;

export function createEstimates(host: PreviewHost) {
  const of = signal<Record<string, Estimate>>({});
  let round = 0;
  let running: string | undefined;
  const measuredFor = new Map<string, string>();
  const stop = (): void => {
    round++;
    if (running !== undefined) void host.cancel(running).catch(() => {});
    running = undefined;
  };
  const measure = async (presets: readonly string[], choice: DataChoice): Promise<void> => {
    stop();
    const startRound = round;
    const choiceKey = JSON.stringify(choice);
    const left = presets.filter((preset) => measuredFor.get(preset) !== choiceKey);
    // What is known of other columns is about right, and better than nothing.
    const unknown = left.filter((preset) => of.value[preset]?.status !== 'ready');
    of.value = { ...of.value, ...allMeasuring(unknown) };
    for (const preset of left) {
      const token = `estimate ${startRound} ${preset}`;
      running = token;
      const found = await host.estimate({ ...choice, preset }, token).then(
        (estimate): Estimate => ({ status: 'ready', ...estimate }),
        (error: unknown): Estimate => ({ status: 'failed', message: messageOf(error) }),
      );
      if (startRound !== round) return;
      of.value = { ...of.value, [preset]: found };
      if (found.status === 'ready') measuredFor.set(preset, choiceKey);
      else measuredFor.delete(preset);
    }
    running = undefined;
  };
  return {
    of: of as ReadonlySignal<Readonly<Record<string, Estimate>>>,
    measure: (presets: readonly string[], choice: DataChoice) => void measure(presets, choice),
    stop,
    /** Stops, since the times that are known say nothing of what comes. */
    forget() {
      stop();
      measuredFor.clear();
      of.value = allMeasuring(Object.keys(of.value));
    },
  };
}

const allMeasuring = (presets: readonly string[]): Record<string, Estimate> =>
  Object.fromEntries(presets.map((preset) => [preset, { status: 'measuring' }]));

export function secondsFor({ secondsPerStep, secondsBetween }: TrainEstimate, steps: number): number {
  return steps * (secondsPerStep + secondsBetween);
}

/** The preset's steps for so many data, or as many as fit into ten minutes. */
export function recommendedSteps(estimate: TrainEstimate): number {
  const perStep = estimate.secondsPerStep + estimate.secondsBetween;
  const fitting = Math.max(fewestSteps, Math.floor(Number((usualTime / perStep).toPrecision(2))));
  return Math.min(estimate.steps, fitting);
}
