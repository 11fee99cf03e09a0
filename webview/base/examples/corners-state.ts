/** The gallery's modes that make examples of others: the manifold of four of them, and reconstructions. */
import { batch as together, computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type {
  Corners,
  FreshLatents,
  ManifoldQuery,
  ManifoldView,
  Reconstructions,
  SourceRef,
} from '../../../src/protocol/inspect';
import type { ModelSummary } from '../../../src/protocol/model';
import { defaultFresh, defaultManifold, scaleCount } from '../../../src/protocol/questions';
import { ask, type Question, type QuestionContext } from '../store/question';

export type GalleryTab = 'samples' | 'examples' | 'nearest' | 'interpolate' | 'reconstruct' | 'latents';

/** What is kept when the editor is hidden. */
export interface KeptGallery {
  grid: ManifoldQuery;
  fresh: FreshLatents;
}

export interface GalleryState {
  /** The manifold that is asked for. Its corners are the examples that reconstructions start from too. */
  grid: Signal<ManifoldQuery>;
  /** Which of the four examples the controls change. */
  slot: Signal<number>;
  /** The picked point of the manifold, row · angles + column. */
  point: Signal<number>;
  manifold: Question<ManifoldView>;
  fresh: Signal<FreshLatents>;
  /** The picked reconstruction, row · scales + column. */
  reconstruction: Signal<number>;
  reconstructions: Question<Reconstructions>;
  kept: ReadonlySignal<KeptGallery>;
  setSource(slot: number, source: SourceRef): void;
  reset(model: ModelSummary, kept: KeptGallery | undefined): void;
}

export function createGalleryState(
  context: QuestionContext,
  model: ReadonlySignal<ModelSummary | undefined>,
  tab: ReadonlySignal<GalleryTab>,
): GalleryState {
  const unknown: SourceRef = { kind: 'values', values: [] };
  const grid = signal<ManifoldQuery>({
    corners: [unknown, unknown, unknown, unknown],
    angles: 8,
    range: 'circle',
  });
  const fresh = signal<FreshLatents>({ seed: 7, temperature: 1 });
  const slot = signal(0);
  const point = signal(0);
  const reconstruction = signal(0);
  const open = (wanted: GalleryTab): ModelSummary | undefined =>
    model.value?.runnable && tab.value === wanted ? model.value : undefined;

  return {
    grid,
    slot,
    point,
    fresh,
    reconstruction,
    manifold: ask(context, 'manifold', () => (open('interpolate') ? grid.value : null)),
    reconstructions: ask(context, 'reconstruct', () => {
      const opened = open('reconstruct');
      return opened && scaleCount(opened) > 1 ? { examples: grid.value.corners, ...fresh.value } : null;
    }),
    kept: computed(() => ({ grid: grid.value, fresh: fresh.value })),
    setSource(at, source) {
      grid.value = {
        ...grid.value,
        corners: grid.value.corners.map((corner, k) => (k === at ? source : corner)) as Corners,
      };
    },
    reset(opened, kept) {
      together(() => {
        grid.value = kept?.grid ?? defaultManifold(opened);
        fresh.value = kept?.fresh ?? defaultFresh;
        slot.value = 0;
        point.value = 0;
        reconstruction.value = 0;
      });
    },
  };
}
