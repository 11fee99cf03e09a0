import { signal } from '@preact/signals';
import type { FreshLatents } from '../../../src/protocol/selection';
import { defaultFresh, scaleCount } from '../../../src/protocol/questions';
import { cornersState } from '../../base/examples/corners-state';
import { ask } from '../../base/store/question';
import { stateOf } from '../../base/store/store';

export const reconstructState = stateOf((store) => {
  const { grid } = store.state(cornersState);
  const fresh = signal(defaultFresh);
  /** The picked reconstruction, row · scales + column. */
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
}, 'fresh');
