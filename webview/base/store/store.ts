/** One selection shared by all regions, the features that show it, the state that they make of it, and what they ask. */
import { computed, effect, signal, untracked, type ReadonlySignal, type Signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { dropOldest } from '../../../src/base/drop-oldest';
import type { BatchRef, ExampleRef, NormMode, SampleQuery, Selection } from '../../../src/protocol/selection';
import {
  questionOf,
  type InspectorAnswer,
  type InspectorMethod,
  type InspectorQuery,
} from '../../../src/protocol/inspector-questions';
import type { LayerInfo, ModelSummary } from '../../../src/protocol/model';
import type { PathStart } from '../../../src/protocol/plane';
import type { LayerTab } from '../../../src/protocol/layer-tabs';
import { recordKey, type PageHost } from '../../../src/protocol/webview';
import { messageOf, NoAnswerError, NotRecordedError, type Connection } from '../host/page-api';
import type { ViewData } from '../view-data/view-data';
import type { CheckpointState } from './checkpoint-state';

/** Regions that show one feature at a time, chosen by tabs. */
export type TabRegion = 'layer' | 'gallery' | 'diagnostics';

export interface Common {
  /** Unlike the id of any other feature. */
  id: string;
  title(model: ModelSummary): string;
  /** Whether there is something to show of this model; a feature without it is there for all. */
  applies?(model: ModelSummary): boolean;
  /** Whether its tab is the first of its region for this model, wherever it stands among the features. */
  isFirst?(model: ModelSummary): boolean;
  /** The question that its view is made of: it is not there for a recording without an answer. */
  asks?: InspectorMethod;
  /** Made when the page starts. */
  state?: StateDefinition<unknown>;
  /** What the view gives as numbers. A view of several charts has a menu on each of them instead. */
  numbers?(store: Store, model: ModelSummary): ViewData;
  /** Class of the panel that the view lies in. */
  panel?: string;
}

/** A tab of the layer. */
export interface LayerFeature extends Common {
  id: LayerTab;
  region: 'layer';
  /** Text in place of the view of a layer that has nothing to show. */
  missing?(layer: LayerInfo, model: ModelSummary): { title: string; why: string } | undefined;
  /** Reads the layer's view, which several tabs share: the whole view, or first the part about the example only. */
  layerView?: 'whole' | 'exampleFirst';
  /** Its features are features of the data, whichever layer is selected. */
  ofData?: true;
  View(props: { model: ModelSummary; layer: LayerInfo }): ComponentChildren;
}

/** A tab of another region, or all of a region without tabs. */
export interface RegionFeature extends Common {
  region: 'gallery' | 'diagnostics' | 'strip' | 'compare' | 'file';
  View(props: { model: ModelSummary }): ComponentChildren;
}

export type Feature = LayerFeature | RegionFeature;
export type Region = Feature['region'];
export type FeatureOf<R extends Region> = R extends 'layer' ? LayerFeature : RegionFeature;

/** State that lives as long as the page. Made once, when it is first asked for. */
export interface StateDefinition<S> {
  /** Name under which its choices are kept while the editor is hidden. */
  keep?: string;
  create(store: Store): S;
}

/** A state that is what `create` makes, kept under a name if it has choices. */
export function stateOf<S extends StateParts | object>(
  create: (store: Store) => S,
  keep?: string,
): StateDefinition<S> {
  return { create, ...(keep === undefined ? {} : { keep }) };
}

/** What a state may have: the store calls it. */
export interface StateParts {
  /** Choices that are kept, never data. Needs `keep`. */
  kept?: ReadonlySignal<unknown>;
  /** Another model is there: starts with what was kept of it, if anything. */
  reset?(model: ModelSummary, kept: unknown): void;
}

export interface Store {
  connection: Connection;
  /** Whether the page was saved: it asks for what it holds, and has no engine behind it. */
  isSaved: boolean;
  /** For questions about the checkpoint that is shown. */
  context: QuestionContext;
  /** For questions about the editor's own file: what is true of the whole run. */
  editorContext: QuestionContext;
  summary: Question<ModelSummary>;
  model: Signal<ModelSummary | undefined>;
  checkpoint: CheckpointState;
  runnable: ReadonlySignal<boolean>;
  /** Nothing can be run through the flow: in a saved page, and of a recording. */
  fixed: ReadonlySignal<boolean>;
  /** Null while there is no model that can be run. */
  selection: ReadonlySignal<Selection | null>;
  example: Signal<ExampleRef | undefined>;
  /** What a conditional flow is given in place of an example's own context. */
  contextOverride: Signal<readonly number[] | undefined>;
  batch: Signal<BatchRef>;
  mode: Signal<NormMode>;
  layer: Signal<number>;
  /** Element of the layer's tensors that is worked through in numbers; −1 for the first that moves. */
  marked: Signal<number>;
  samplesQuery: Signal<SampleQuery>;
  pickedSample: Signal<number>;
  /** Picked point of a plane, whose path is followed in place of the example's. */
  probe: Signal<PathStart | undefined>;
  /** The open tab of each region, by the feature's id. */
  tabs: Record<TabRegion, Signal<string>>;
  /** Those of a region that apply to the model, in the order of `webview/app/features.ts`. */
  featuresIn<R extends Region>(region: R, model: ModelSummary): FeatureOf<R>[];
  /** Whether the tab of this feature is open on a model that can be run. */
  shows(id: string): boolean;
  state<S>(definition: StateDefinition<S>): S;
  layerInfo(): LayerInfo | undefined;
  selectLayer(index: number): void;
  /** Calls `listener` with every `selectLayer`, in the same batch of changes. */
  onLayer(listener: () => void): void;
  selectExample(example: ExampleRef | undefined): void;
  /** The model changed on disk: everything is asked again. */
  renew(): void;
}

export type Answer<T> =
  | { status: 'idle' }
  /** `previous` stays, dimmed; where it is about something else, it gives way to a skeleton after 100 ms (`slow`). */
  | { status: 'loading'; slow: boolean; previous?: T }
  | { status: 'ready'; value: T }
  /** Asking again may help after an error; a saved page will never have the answer. */
  | { status: 'failed'; reason: 'error' | 'cancelled' | 'noAnswer' | 'notRecorded'; message: string };

export interface Question<T> {
  readonly answer: ReadonlySignal<Answer<T>>;
  /** What was answered, while it is the answer. */
  readonly found: ReadonlySignal<T | undefined>;
  retry(): void;
  cancel(): void;
}

const slowAfterMs = 100;
const cacheSize = 48;

let nextToken = 1;

/** Answers worth keeping: paging back to a layer or an example shows it at once. */
export class AnswerCache {
  readonly #answers = new Map<string, unknown>();

  get(key: string): unknown {
    return this.#answers.get(key);
  }

  set(key: string, value: unknown): void {
    this.#answers.delete(key);
    this.#answers.set(key, value);
    dropOldest(this.#answers, cacheSize);
  }

  clear(): void {
    this.#answers.clear();
  }
}

export interface QuestionContext {
  host: PageHost;
  cache: AnswerCache;
  /** Grows when the model or its run changed on disk. */
  generation: ReadonlySignal<number>;
  /** Path of the model that is asked; the editor's own file where it is undefined. */
  of?: ReadonlySignal<string | undefined>;
  /** What examples and samples of a conditional flow are given; their own where it is undefined. */
  contextOverride?: ReadonlySignal<readonly number[] | undefined>;
  /** The same for questions about no example: what the example is given, or its own. */
  ofExample?: ReadonlySignal<readonly number[] | undefined>;
}

/**
 * Asks `method` with what `query` gives; `null` asks nothing. An answer counts only for the query it was asked with:
 * when the query changes, the old call is cancelled and its answer, should it still come, is dropped.
 */
export function ask<M extends InspectorMethod>(
  context: QuestionContext,
  method: M,
  query: () => InspectorQuery<M> | null,
  options: { cached?: boolean } = {},
): Question<InspectorAnswer<M>> {
  type Value = InspectorAnswer<M>;
  const answer = signal<Answer<Value>>({ status: 'idle' });
  let current: { key: string; token: string; timer?: number } | undefined;
  /** What the state on the page is about, whenever it was asked. */
  let shown: string | undefined;
  let lastQuery: InspectorQuery<M> | null = null;
  /** What the answer before is about, whichever checkpoint it is of. */
  let subject: string | undefined;

  const takes = questionOf(method).context;
  const contextValues =
    takes === 'none' ? undefined : takes === 'example' ? context.ofExample : context.contextOverride;
  const aboutOf = (nextQuery: InspectorQuery<M>): string =>
    `${context.of?.value ?? ''} ${contextValues?.value?.join() ?? ''} ${recordKey(method, nextQuery)}`;
  const keyOf = (nextQuery: InspectorQuery<M>): string => `${context.generation.value} ${aboutOf(nextQuery)}`;

  const stop = (): void => {
    if (!current) return;
    clearTimeout(current.timer);
    void context.host.cancel(current.token).catch(() => {});
    current = undefined;
  };

  /** @param silently whether a failure stays until the new answer is there */
  const start = (nextQuery: InspectorQuery<M>, key: string, silently: boolean): void => {
    // For another checkpoint, the previous answer stays until there is a new one; for another query, not for long.
    const about = `${contextValues?.peek()?.join() ?? ''} ${recordKey(method, nextQuery)}`;
    const again = subject === about;
    subject = about;
    const kept = options.cached === false ? undefined : (context.cache.get(key) as Value | undefined);
    if (kept !== undefined) {
      answer.value = { status: 'ready', value: kept };
      return;
    }
    const before = answer.peek();
    const previous = latest(before);
    const token = `page-${nextToken++}`;
    const call = { key, token, timer: 0 };
    current = call;
    if (!silently || before.status !== 'failed') {
      call.timer = window.setTimeout(() => {
        if (current === call)
          answer.value = { status: 'loading', slow: true, ...(again ? { previous } : {}) };
      }, slowAfterMs);
      answer.value = { status: 'loading', slow: previous === undefined, previous };
    }
    const finish = (result: Answer<Value>): void => {
      if (current !== call) return;
      clearTimeout(call.timer);
      current = undefined;
      answer.value = result;
    };
    context.host.ask(method, nextQuery, token, context.of?.peek(), contextValues?.peek()).then(
      (value) => {
        if (current === call && options.cached !== false) context.cache.set(key, value);
        finish({ status: 'ready', value });
      },
      (error: unknown) => finish({ status: 'failed', ...describe(error) }),
    );
  };

  effect(() => {
    const nextQuery = query();
    const key = nextQuery === null ? '' : keyOf(nextQuery);
    untracked(() => {
      lastQuery = nextQuery;
      if (nextQuery !== null && current?.key === key) return;
      stop();
      const about = nextQuery === null ? undefined : aboutOf(nextQuery);
      // The file changed: what failed may fail again, and its button stays where it is until that is known.
      const same = about === shown;
      shown = about;
      if (nextQuery === null) answer.value = { status: 'idle' };
      else start(nextQuery, key, same);
    });
  });

  return {
    answer,
    found: computed(() => ready(answer.value)),
    retry() {
      stop();
      if (lastQuery !== null)
        start(
          lastQuery,
          untracked(() => keyOf(lastQuery!)),
          false,
        );
    },
    cancel() {
      if (!current) return;
      stop();
      answer.value = { status: 'failed', reason: 'cancelled', message: '' };
    },
  };
}

type Failure = Omit<Extract<Answer<never>, { status: 'failed' }>, 'status'>;

function describe(error: unknown): Failure {
  if (error instanceof NoAnswerError) return { reason: 'noAnswer', message: error.message };
  if (error instanceof NotRecordedError) return { reason: 'notRecorded', message: error.message };
  const cancelled =
    error instanceof Error && (error.name === 'CancelledError' || error.name === 'AbortError');
  return { reason: cancelled ? 'cancelled' : 'error', message: messageOf(error) };
}

export function ready<T>(answer: Answer<T>): T | undefined {
  return answer.status === 'ready' ? answer.value : undefined;
}

/** The answer, or the one before it while the next is on its way. */
export function latest<T>(answer: Answer<T>): T | undefined {
  return answer.status === 'ready' ? answer.value : answer.status === 'loading' ? answer.previous : undefined;
}

/** Whether `latest` is the one before, which is drawn dimmed. */
export function isStale(answer: Answer<unknown>): boolean {
  return answer.status === 'loading' && answer.previous !== undefined;
}

/** The whole answer once it is there; until then a part of it that comes sooner, where that is known. */
export function wholeOrPart<Whole extends Part, Part>(
  whole: Question<Whole>,
  part: Question<Part>,
): Question<Part> {
  const answer = computed((): Answer<Part> => {
    const all = whole.answer.value;
    const some = part.answer.value;
    return all.status === 'loading' && all.slow && some.status === 'ready' ? some : all;
  });
  return { ...whole, answer, found: computed(() => ready(answer.value)) };
}
