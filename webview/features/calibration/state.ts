/** A run of calibration, which comes a while at a time; what it had stays when it is canceled. */
import { effect, signal, untracked, type ReadonlySignal, type Signal } from '@preact/signals';
import type { CalibrationPart, CalibrationSettings, PairPlot } from '../../../src/protocol/calibration';
import { hasCalibration } from '../../../src/protocol/questions';
import { ask, type Question } from '../../base/store/question';
import type { StateDefinition } from '../../base/store/store';

export type CalibrationStatus =
  { kind: 'idle' } | { kind: 'running' } | { kind: 'canceled' } | { kind: 'failed'; message: string };

export interface CalibrationState {
  status: ReadonlySignal<CalibrationStatus>;
  part: ReadonlySignal<CalibrationPart | undefined>;
  /** Pairs at most, and samples for each. */
  size: Signal<Pick<CalibrationSettings, 'pairs' | 'draws'>>;
  /** Features that are drawn: across, up. */
  pair: Signal<[number, number]>;
  /** Plot of features other than the first two, which come with the run. */
  plot: Question<PairPlot | null>;
  run(split: CalibrationSettings['split']): void;
  cancel(): void;
}

let nextToken = 1;

export const calibrationState: StateDefinition<CalibrationState> = {
  create(store) {
    const { host } = store.connection;
    const { context, model } = store;
    const status = signal<CalibrationStatus>({ kind: 'idle' });
    const part = signal<CalibrationPart | undefined>(undefined);
    const size = signal({ pairs: 500, draws: 200 });
    const pair = signal<[number, number]>([0, 1]);
    let token: string | undefined;

    const stop = (): void => {
      if (token !== undefined) void host.cancel(token).catch(() => {});
      token = undefined;
    };
    const fail = (own: string, error: unknown): void => {
      if (token !== own) return;
      token = undefined;
      status.value = { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
    };
    const run = async (settings: CalibrationSettings): Promise<void> => {
      stop();
      const own = `calibration-${nextToken++}`;
      token = own;
      part.value = undefined;
      status.value = { kind: 'running' };
      try {
        for (let start = 0; ;) {
          const next = await host.ask('calibration', { ...settings, start }, own, context.of?.peek());
          if (token !== own) return;
          part.value = next;
          if (next.done >= next.total) break;
          start = next.done;
        }
        token = undefined;
        status.value = { kind: 'idle' };
      } catch (error) {
        fail(own, error);
      }
    };

    // What was found of a model is there again when it is opened, and in a saved page.
    let about = '';
    effect(() => {
      const applies = model.value !== undefined && hasCalibration(model.value);
      const now = `${context.generation.value} ${context.of?.value ?? ''} ${model.value?.path ?? ''}`;
      untracked(() => {
        if (now === about) return;
        about = now;
        stop();
        part.value = undefined;
        pair.value = [0, 1];
        status.value = { kind: 'idle' };
        if (!applies) return;
        const own = `calibration-${nextToken++}`;
        token = own;
        host.ask('keptCalibration', undefined, own, context.of?.peek()).then(
          (kept) => {
            if (token !== own) return;
            token = undefined;
            part.value = kept ?? undefined;
          },
          () => {
            // A page of an earlier version holds none.
            if (token === own) token = undefined;
          },
        );
      });
    });

    return {
      status,
      part,
      size,
      pair,
      plot: ask(context, 'pairPlot', () =>
        store.shows('calibration') && part.value?.pairPlot && pair.value.join() !== '0,1'
          ? { features: pair.value, settings: part.value.settings }
          : null,
      ),
      run: (split) => void run({ ...size.value, split, seed: 0 }),
      cancel() {
        stop();
        status.value = { kind: 'canceled' };
      },
    };
  },
};
