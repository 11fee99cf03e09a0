/** A second model next to the one that is shown: asked the same questions, with the same selection. */
import { computed, effect, signal, untracked } from '@preact/signals';
import {
  comparesLayers,
  layerDifferencesQuery,
  linkedSamples,
  linkedSelection,
  partnerOf,
  type Comparables,
} from '../../../src/protocol/compare';
import { layerComparison } from '../../../src/protocol/layer-differences';
import { canAsk } from '../../../src/protocol/questions';
import type { Selection } from '../../../src/protocol/selection';
import { ask, type QuestionContext, stateOf } from '../../base/store/store';
import { stripState } from '../../base/store/strip-state';
import { createRunState } from '../../base/store/run-state';

/** Differences on the range of what they are differences of, or on one of their own, which shows small ones. */
export type DifferenceRange = 'common' | 'own';

/** What is kept when the editor is hidden and shown again. */
interface KeptComparison {
  path?: string;
  range: DifferenceRange;
  tolerance?: number;
}

const nothing: Comparables = { runs: [], recent: [] };

export const compareState = stateOf((store) => {
  const { model, selection, layer, samplesQuery: samples } = store;
  // Samples of both are given the same, which is nothing of one's example.
  const context: QuestionContext = { ...store.context, ofExample: store.contextOverride };
  const { strip } = store.state(stripState);
  // Path of the model that a saved page compares with.
  const recorded = store.connection.compared;
  /** Path of B; undefined while nothing is compared. */
  const path = signal<string | undefined>(undefined);
  const range = signal<DifferenceRange>('common');
  /** Differences of layers up to it count as none. */
  const tolerance = signal<number>(layerComparison.tolerance);
  /** Asked for when a comparison begins. */
  const comparables = signal<Comparables>(nothing);
  const look = async (): Promise<Comparables> => {
    // Without the list there are still the run's own checkpoints, and the dialog.
    comparables.value = await context.host.comparables().catch(() => nothing);
    return comparables.value;
  };
  effect(() => {
    // With each choice, since what was compared with before it has come to the list.
    if (path.value !== undefined && recorded === undefined) untracked(() => void look());
  });
  const other: QuestionContext = { ...context, of: path };
  const summary = ask(other, 'summary', () => (path.value === undefined ? null : undefined));
  const b = computed(() => (path.value === undefined ? undefined : summary.found.value));
  const pair = computed(() => {
    const first = model.value;
    const second = b.value;
    return first && second?.runnable ? { first, second } : undefined;
  });
  const chosen = computed<Selection | null>(() => {
    const now = selection.value;
    if (!now || !pair.value) return null;
    return linkedSelection(now, pair.value.first, pair.value.second, strip.found.value);
  });
  const info = computed(() => store.layerInfo());
  return {
    path,
    range,
    tolerance,
    comparables,
    kept: computed(() => ({
      ...(path.value === undefined ? {} : { path: path.value }),
      range: range.value,
      tolerance: tolerance.value,
    })),
    /** Begins with the checkpoint given, another run or file that is known, or one that the user chooses. */
    async start(beside: string | undefined) {
      let first = recorded ?? beside;
      if (first === undefined) {
        const { runs, recent } = await look();
        first = runs[0]?.checkpoints.at(-1)?.path ?? recent[0] ?? (await context.host.chooseModel());
      }
      if (first !== undefined) path.value = first;
    },
    /** Asks the user for a file, and compares with it. */
    async choose() {
      const chosen = await context.host.chooseModel();
      if (chosen !== undefined) path.value = chosen;
    },
    reset(_, last) {
      const kept = last as KeptComparison | undefined;
      // What is saved while two models are compared opens as a comparison.
      path.value = kept?.path ?? recorded;
      range.value = kept?.range ?? 'common';
      tolerance.value = kept?.tolerance ?? layerComparison.tolerance;
    },
    summary,
    strip: ask(other, 'strip', () => chosen.value),
    layer: ask(other, 'layer', () => {
      const same = pair.value && info.value && partnerOf(info.value, pair.value.second);
      return chosen.value && same ? { ...chosen.value, layer: same.index } : null;
    }),
    samples: ask(
      other,
      'samples',
      () => (pair.value && linkedSamples(samples.value, pair.value.second)) ?? null,
    ),
    /** Differences between flows that were given the same examples. */
    differences: ask(other, 'layerDifferences', () =>
      pair.value && comparesLayers(pair.value.first, pair.value.second)
        ? layerDifferencesQuery(pair.value.first)
        : null,
    ),
    /** Which of the two is better on the same held-out examples; recordings have no other examples than their own. */
    verdict: ask(other, 'pairedScores', () =>
      pair.value && !pair.value.first.recording && !pair.value.second.recording
        ? { first: pair.value.first.id }
        : null,
    ),
    /** The layer view of A, asked here so that it is there whatever tab is open. */
    layerOfA: ask(context, 'layer', () =>
      pair.value && selection.value && info.value ? { ...selection.value, layer: layer.value } : null,
    ),
    samplesOfA: ask(context, 'samples', () =>
      pair.value && canAsk(pair.value.first, 'samples') ? samples.value : null,
    ),
    run: createRunState(other, () => pair.value !== undefined),
  };
}, 'comparison');
