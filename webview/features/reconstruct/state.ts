import { signal, type Signal } from '@preact/signals';
import type { Reconstructions } from '../../../src/protocol/inspect';
import type { FreshLatents } from '../../../src/protocol/selection';
import { defaultFresh, scaleCount } from '../../../src/protocol/questions';
import { cornersState } from '../../base/examples/corners-state';
import { ask, type Question } from '../../base/store/question';
import type { StateDefinition, StateParts } from '../../base/store/store';

export interface ReconstructState extends StateParts {
  fresh: Signal<FreshLatents>;
  /** The picked reconstruction, row · scales + column. */
  reconstruction: Signal<number>;
  reconstructions: Question<Reconstructions>;
}

export const reconstructState: StateDefinition<ReconstructState> = {
  keep: 'fresh',
  create(store) {
    const { grid } = store.state(cornersState);
    const fresh = signal(defaultFresh);
    const reconstruction = signal(0);
    return {
      fresh,
      reconstruction,
      reconstructions: ask(store.context, 'reconstruct', () =>
        store.shows('reconstruct') && scaleCount(store.model.value!) > 1
          ? { examples: grid.value.corners, ...fresh.value }
          : null,
      ),
      kept: fresh,
      reset(_, kept) {
        fresh.value = (kept as FreshLatents | undefined) ?? defaultFresh;
        reconstruction.value = 0;
      },
    };
  },
};
