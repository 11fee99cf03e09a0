/** Two-dimensional flows: which stage is drawn, what stands behind its points, and whose path is followed. */
import { batch as together, computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { BatchRef, ExampleRef } from '../../../src/protocol/inspect';
import type { ModelSummary } from '../../../src/protocol/model';
import type { PathStart, PlaneCells, PlaneDensity, PlanePath } from '../../../src/protocol/plane';
import { isPlane, planeCellsQuery, planeDensityQuery } from '../../../src/protocol/questions';
import { ask, type Answer, type Question, type QuestionContext } from '../../base/store/question';

export type Behind = 'grid' | 'density';

/** What is kept when the editor is hidden. */
export interface KeptPlane {
  behind: Behind;
  speed: number;
}

export interface PlaneState {
  /** Layers applied: 0 is data space, their number is z. Follows the selected layer. */
  stage: ReadonlySignal<number>;
  /** Share of the way to the next stage while it plays, in [0, 1). */
  share: Signal<number>;
  playing: Signal<boolean>;
  /** Factor of the usual pace. */
  speed: Signal<number>;
  behind: Signal<Behind>;
  /** What was pointed at; without it the path is that of the selected example. */
  probe: Signal<PathStart | undefined>;
  path: Question<PlanePath>;
  density: Question<PlaneDensity>;
  cells: Question<PlaneCells>;
  kept: ReadonlySignal<KeptPlane>;
  setStage(stage: number): void;
  /** The first layer's plane instead of the data before it. */
  leaveData(): void;
  reset(kept: KeptPlane | undefined): void;
}

export interface PlaneSurroundings {
  model: ReadonlySignal<ModelSummary | undefined>;
  layer: ReadonlySignal<number>;
  batch: ReadonlySignal<BatchRef>;
  example: ReadonlySignal<ExampleRef | undefined>;
  tab: ReadonlySignal<string>;
  /** A saved page asks for what it holds. */
  saved: boolean;
  selectLayer(index: number): void;
}

export function createPlaneState(context: QuestionContext, around: PlaneSurroundings): PlaneState {
  const { model, layer, batch, example, tab, saved } = around;
  // Data space is no layer's: the first layer is selected, and this says that it is not yet applied.
  const atData = signal(false);
  const share = signal(0);
  const playing = signal(false);
  const speed = signal(1);
  const behind = signal<Behind>('grid');
  const probe = signal<PathStart | undefined>(undefined);
  const stage = computed(() => {
    const position = (model.value?.layers.findIndex((l) => l.index === layer.value) ?? -1) + 1;
    return atData.value && position === 1 ? 0 : position;
  });
  const shown = computed(() =>
    model.value?.runnable && isPlane(model.value) && tab.value === 'plane' ? model.value : undefined,
  );
  const start = computed<PathStart | undefined>(
    () => probe.value ?? (example.value ? { kind: 'example', example: example.value } : undefined),
  );
  return {
    stage,
    share,
    playing,
    speed,
    behind,
    probe,
    path: ask(context, 'planePath', () => (shown.value && start.value ? { start: start.value } : null)),
    density: ask(context, 'planeDensity', () =>
      shown.value && behind.value === 'density'
        ? planeDensityQuery(shown.value, batch.value, stage.value, saved)
        : null,
    ),
    cells: ask(context, 'planeCells', () =>
      shown.value && behind.value === 'grid' ? planeCellsQuery(batch.value, stage.value, saved) : null,
    ),
    kept: computed(() => ({ behind: behind.value, speed: speed.value })),
    setStage(wanted) {
      const layers = model.peek()?.layers ?? [];
      const next = Math.min(layers.length, Math.max(0, wanted));
      const target = layers[Math.max(0, next - 1)];
      if (!target) return;
      together(() => {
        around.selectLayer(target.index);
        atData.value = next === 0;
        share.value = 0;
      });
    },
    leaveData: () => void (atData.value = false),
    reset(kept) {
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
}

/** The answer, or the one before it while the next is on its way. */
export function latest<T>(answer: Answer<T>): T | undefined {
  return answer.status === 'ready' ? answer.value : answer.status === 'loading' ? answer.previous : undefined;
}
