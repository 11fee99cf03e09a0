import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { WeightMap } from '../../../src/protocol/check';
import { hasCheck } from '../../../src/protocol/questions';
import { failed, runInParts, type Parted } from '../../base/store/parted';
import { ask, type Question } from '../../base/store/question';
import type { StateDefinition } from '../../base/store/store';

export interface CheckState extends Omit<Parted<'check'>, 'run'> {
  /** `FILE.py:FUNCTION` that was chosen, or that the report is of. */
  target: ReadonlySignal<string | undefined>;
  draws: Signal<number>;
  /** Features of the map: across, up. */
  pair: Signal<[number, number]>;
  map: Question<WeightMap | null>;
  /** Has the user choose and allow a function. */
  choose(): void;
  run(target: string): void;
}

export const checkState: StateDefinition<CheckState> = {
  create(store) {
    const pair = signal<[number, number]>([0, 1]);
    const draws = signal(10_000);
    const chosen = signal<string | undefined>(undefined);
    const parted = runInParts(store, 'check', hasCheck, () => (pair.value = [0, 1]));
    const { part, status } = parted;
    const isMapped = (): boolean =>
      store.shows('check') && part.value?.report !== undefined && part.value.report.features.length > 1;
    return {
      ...parted,
      ...{ draws, pair },
      target: computed(() => chosen.value ?? part.value?.settings.target),
      // The draws grow while it runs.
      map: ask(store.context, 'weightMap', () => (isMapped() ? { features: pair.value } : null), {
        cached: false,
      }),
      choose() {
        store.connection.host.chooseTarget().then(
          (target) => {
            chosen.value = target ?? chosen.value;
            if (target) status.value = { kind: 'idle' };
          },
          (error: unknown) => (status.value = failed(error)),
        );
      },
      run(target) {
        chosen.value = target;
        parted.run({ target, draws: draws.value, seed: 0 });
      },
    };
  },
};
