/** A second model beside the one that is shown: asked the same questions, with the same selection. */
import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { LayerView, SampleGrid, SampleQuery, Selection, Strip } from '../../src/protocol/inspect';
import type { LayerInfo, ModelSummary } from '../../src/protocol/model';
import { ask, ready, type Question, type QuestionContext } from './question';
import { createRunState, type RunState } from './run-state';

export interface CompareState {
  /** Path of B; undefined while nothing is compared. */
  path: Signal<string | undefined>;
  summary: Question<ModelSummary>;
  strip: Question<Strip>;
  layer: Question<LayerView>;
  samples: Question<SampleGrid>;
  /** Of A, asked here so that it is there whatever tab is open. */
  ownLayer: Question<LayerView>;
  ownSamples: Question<SampleGrid>;
  run: RunState;
}

export interface Compared {
  /** Of A: the checkpoint that is shown. */
  context: QuestionContext;
  model: ReadonlySignal<ModelSummary | undefined>;
  selection: ReadonlySignal<Selection | null>;
  layer: ReadonlySignal<number>;
  /** The input of A's example, in data units. */
  input: ReadonlySignal<Float32Array | undefined>;
  samples: ReadonlySignal<SampleQuery>;
}

export function createCompareState({
  context,
  model,
  selection,
  layer,
  input,
  samples,
}: Compared): CompareState {
  const path = signal<string | undefined>(undefined);
  const other: QuestionContext = { ...context, of: path };
  const summary = ask(other, 'summary', () => (path.value === undefined ? null : undefined));
  const b = computed(() => (path.value === undefined ? undefined : ready(summary.answer.value)));
  const pair = computed(() => {
    const first = model.value;
    const second = b.value;
    return first && second?.runnable ? { first, second } : undefined;
  });
  const chosen = computed<Selection | null>(() => {
    const now = selection.value;
    if (!now || !pair.value) return null;
    return linked(now, pair.value.first, pair.value.second, input.value);
  });
  const info = computed(() => model.value?.layers.find(({ index }) => index === layer.value));
  return {
    path,
    summary,
    strip: ask(other, 'strip', () => chosen.value),
    layer: ask(other, 'layer', () => {
      const same = pair.value && info.value && partnerOf(info.value, pair.value.second);
      return chosen.value && same ? { ...chosen.value, layer: same.index } : null;
    }),
    samples: ask(other, 'samples', () => (pair.value ? samples.value : null)),
    ownLayer: ask(context, 'layer', () =>
      pair.value && selection.value && info.value ? { ...selection.value, layer: layer.value } : null,
    ),
    ownSamples: ask(context, 'samples', () => (pair.value ? samples.value : null)),
    run: createRunState(other, () => pair.value !== undefined),
  };
}

/** The layer of B that does what a layer of A does: the same name and shapes. */
export function partnerOf(layer: LayerInfo, b: ModelSummary): LayerInfo | undefined {
  const shapes = ({ inputShape, outputShape }: LayerInfo): string =>
    JSON.stringify([inputShape, outputShape]);
  return b.layers.find((other) => other.name === layer.name && shapes(other) === shapes(layer));
}

/** The selection in B: the same input, also where B's data are others, and a batch that B has. */
function linked(
  now: Selection,
  a: ModelSummary,
  b: ModelSummary,
  input: Float32Array | undefined,
): Selection {
  const sameData =
    a.runFolder === b.runFolder ||
    (a.dataName === b.dataName && JSON.stringify(a.splits) === JSON.stringify(b.splits));
  const sameShape = JSON.stringify(a.shape) === JSON.stringify(b.shape);
  const { example, ...rest } = now;
  const split = b.splits.find(({ name }) => name === now.batch.split);
  const batch = split
    ? { split: split.name, count: Math.min(now.batch.count, split.count) }
    : { split: 'sample' as const, count: now.batch.count };
  if (!example || !sameShape) return { ...rest, batch };
  if (sameData) return { ...rest, batch, example };
  return input ? { ...rest, batch, example: { kind: 'values', values: [...input] } } : { ...rest, batch };
}
