/** Two-dimensional flows: which stage is drawn, what is behind its points, and whose path is followed. */
import { batch as together, computed, signal } from '@preact/signals';
import type { PathStart } from '../../../src/protocol/plane';
import { isPlane, planeCellsQuery, planeDensityQuery } from '../../../src/protocol/questions';
import { ask, stateOf } from '../../base/store/store';

export type Behind = 'grid' | 'density';

/** What is kept when the editor is hidden. */
interface KeptPlane {
  behind: Behind;
  speed: number;
}

export const planeState = stateOf((store) => {
  const { context, model, layer, batch, example, probe } = store;
  // Data space is no layer's: the first layer is selected, and this says that it is not yet applied.
  const atData = signal(false);
  /** Share of the way to the next stage while it plays, in [0, 1). */
  const share = signal(0);
  const playing = signal(false);
  /** Factor of the usual pace. */
  const speed = signal(1);
  const behind = signal<Behind>('grid');
  /** Layers applied: 0 is data space, their number is z. Follows the selected layer. */
  const stage = computed(() => {
    const position = (model.value?.layers.findIndex((l) => l.index === layer.value) ?? -1) + 1;
    return atData.value && position === 1 ? 0 : position;
  });
  const shown = computed(() =>
    store.shows('plane') && model.value && isPlane(model.value) ? model.value : undefined,
  );
  const start = computed<PathStart | undefined>(
    () => probe.value ?? (example.value ? { kind: 'example', example: example.value } : undefined),
  );
  // The first layer's plane instead of the data before it.
  store.onLayer(() => void (atData.value = false));
  return {
    stage,
    share,
    playing,
    speed,
    behind,
    path: ask(context, 'planePath', () => (shown.value && start.value ? { start: start.value } : null)),
    density: ask(context, 'planeDensity', () =>
      shown.value && behind.value === 'density'
        ? planeDensityQuery(shown.value, batch.value, stage.value, store.isSaved)
        : null,
    ),
    cells: ask(context, 'planeCells', () =>
      shown.value && behind.value === 'grid'
        ? planeCellsQuery(shown.value, batch.value, stage.value, store.isSaved)
        : null,
    ),
    kept: computed(() => ({ behind: behind.value, speed: speed.value })),
    setStage(index: number) {
      const layers = model.peek()?.layers ?? [];
      const next = Math.min(layers.length, Math.max(0, index));
      const target = layers[Math.max(0, next - 1)];
      if (!target) return;
      together(() => {
        store.selectLayer(target.index);
        atData.value = next === 0;
        share.value = 0;
      });
    },
    reset(_, last) {
      const kept = last as KeptPlane | undefined;
      together(() => {
        behind.value = kept?.behind ?? 'grid';
        speed.value = kept?.speed ?? 1;
        probe.value = undefined;
        playing.value = false;
        share.value = 0;
        atData.value = false;
      });
    },
  };
}, 'plane');
