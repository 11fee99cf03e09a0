import type { PlaneView } from '../../../src/protocol/inspect';
import { isPlane, planeQuery } from '../../../src/protocol/questions';
import { ask, type Question } from './question';
import type { StateDefinition } from './store';

/** Of a two-dimensional flow: its points, grid, density and samples, layer by layer. */
export const planeView: StateDefinition<Question<PlaneView>> = {
  create: ({ givenContext, model, runnable, batch, samplesQuery }) =>
    ask(givenContext, 'plane', () =>
      model.value && runnable.value && isPlane(model.value)
        ? planeQuery(batch.value, samplesQuery.value)
        : null,
    ),
};
