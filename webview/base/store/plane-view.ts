import type { ModelSummary } from '../../../src/protocol/model';
import { isPlane, planeGrid, planeQuery, planeSamples } from '../../../src/protocol/questions';
import { ask, stateOf } from './store';
import { words } from '../words';

/** View of a two-dimensional flow: its points, grid, density and samples, layer by layer. */
export const planeView = stateOf(({ context, model, runnable, batch, samplesQuery }) =>
  ask(context, 'plane', () =>
    model.value && runnable.value && isPlane(model.value)
      ? planeQuery(model.value, batch.value, samplesQuery.value)
      : null,
  ),
);

/** Why it takes long, where it does: its grid and its samples come from z. */
export function planeIsLong(model: ModelSummary): string | undefined {
  return model.origin?.searched === 'x' ? words.searching(planeGrid(model) ** 2 + planeSamples) : undefined;
}
