import { computed, signal } from '@preact/signals';
import { hasCheck } from '../../../src/protocol/questions';
import { failed, runInParts } from '../../base/store/parted';
import { ask } from '../../base/store/question';
import { stateOf } from '../../base/store/store';

export const checkState = stateOf((store) => {
  /** Features of the map: across, up. */
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
    /** `FILE.py:FUNCTION` that was chosen, or that the report is of. */
    target: computed(() => chosen.value ?? part.value?.settings.target),
    // The draws grow while it runs.
    map: ask(store.context, 'weightMap', () => (isMapped() ? { features: pair.value } : null), {
      cached: false,
    }),
    /** Has the user choose and allow a function. */
    choose() {
      store.connection.host.chooseTarget().then(
        (target) => {
          chosen.value = target ?? chosen.value;
          if (target) status.value = { kind: 'idle' };
        },
        (error: unknown) => (status.value = failed(error)),
      );
    },
    run(target: string) {
      chosen.value = target;
      parted.run({ target, draws: draws.value, seed: 0 });
    },
  };
});
