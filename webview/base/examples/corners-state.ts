/** The four examples that a manifold is spanned by, which are also those that reconstructions start from. */
import { computed, signal, type Signal } from '@preact/signals';
import type { ManifoldQuery } from '../../../src/protocol/inspect';
import type { Corners, SourceRef } from '../../../src/protocol/selection';
import { defaultManifold } from '../../../src/protocol/questions';
import type { StateDefinition, StateParts } from '../store/store';

export interface CornersState extends StateParts {
  /** The manifold that is asked for, with its corners. */
  grid: Signal<ManifoldQuery>;
  setSource(slot: number, source: SourceRef): void;
}

export const cornersState: StateDefinition<CornersState> = {
  keep: 'gallery',
  create() {
    const unknown: SourceRef = { kind: 'values', values: [] };
    const grid = signal<ManifoldQuery>({
      corners: [unknown, unknown, unknown, unknown],
      angles: 8,
      range: 'circle',
    });
    return {
      grid,
      setSource(at, source) {
        grid.value = {
          ...grid.value,
          corners: grid.value.corners.map((corner, k) => (k === at ? source : corner)) as Corners,
        };
      },
      kept: computed(() => ({ grid: grid.value })),
      reset(model, kept) {
        grid.value = (kept as { grid: ManifoldQuery } | undefined)?.grid ?? defaultManifold(model);
      },
    };
  },
};
