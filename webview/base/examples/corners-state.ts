/** The four examples that a manifold is spanned by, which are also those that reconstructions start from. */
import { computed, signal } from '@preact/signals';
import type { ManifoldQuery } from '../../../src/protocol/inspect';
import type { Corners, SourceRef } from '../../../src/protocol/selection';
import { defaultManifold } from '../../../src/protocol/questions';
import { stateOf } from '../store/store';

export const cornersState = stateOf(() => {
  const unknown: SourceRef = { kind: 'values', values: [] };
  /** The manifold that is asked for, with its corners. */
  const grid = signal<ManifoldQuery>({
    corners: [unknown, unknown, unknown, unknown],
    angles: 8,
    range: 'circle',
  });
  return {
    grid,
    setSource(at: number, source: SourceRef) {
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
}, 'gallery');
