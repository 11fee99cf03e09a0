/** Makes the store: the selection, what is kept of it, and the states of the features. */
import { batch as together, computed, effect, signal, untracked, type Signal } from '@preact/signals';
import type { BatchRef, ExampleRef, NormMode, SampleQuery, Selection } from '../../../src/protocol/selection';
import { hasConditioner, type ModelSummary } from '../../../src/protocol/model';
import type { PathStart } from '../../../src/protocol/plane';
import { canAsk, defaultBatch, defaultExample, defaultSamples } from '../../../src/protocol/questions';
import type { Connection } from '../host/page-api';
import { createCheckpointState } from './checkpoint-state';
import {
  AnswerCache,
  ask,
  latest,
  ready,
  type Feature,
  type FeatureOf,
  type Region,
  type StateDefinition,
  type StateParts,
  type Store,
} from './store';
import { stripState } from './strip-state';

/** The part of the selection that is kept when the editor is hidden and shown again. */
type Chosen = ReturnType<typeof defaults>;

/** Choices, never data. Kept values of states are next to these, by the states' names. */
interface KeptState extends Chosen {
  version: 1;
  /** Path of the editor's own file. */
  path: string;
  /** The checkpoint that is shown in its place. */
  shown?: string;
}

/** Whether a selection in one means the same in the other: two checkpoints of one run. */
function sameFlow(a: ModelSummary, b: ModelSummary): boolean {
  const shapes = ({ layers }: ModelSummary): string =>
    JSON.stringify(layers.map(({ name, inputShape }) => [name, inputShape]));
  return a.runFolder !== undefined && a.runFolder === b.runFolder && shapes(a) === shapes(b);
}

function isOffered({ applies, asks }: Feature, model: ModelSummary): boolean {
  return (applies?.(model) ?? true) && (asks === undefined || canAsk(model, asks));
}

export function createStore(connection: Connection, features: readonly Feature[]): Store {
  const generation = signal(0);
  const checkpoint = createCheckpointState();
  const { host } = connection;
  const editorContext = { host, cache: new AnswerCache(), generation };
  const contextOverride = signal<readonly number[] | undefined>(undefined);
  const ofExample = computed(() => {
    const exampleContext =
      model.value?.context && latest(store.state(stripState).shownStrip.answer.value)?.context;
    return contextOverride.value ?? (exampleContext && [...exampleContext]);
  });
  const context = { ...editorContext, of: checkpoint.shown, contextOverride, ofExample };
  const states = new Map<StateDefinition<unknown>, StateParts>();
  const layerListeners: (() => void)[] = [];

  const summary = ask({ ...editorContext, of: checkpoint.target }, 'summary', () => undefined);
  const model = signal<ModelSummary | undefined>(undefined);
  const chosen: { [K in keyof Chosen]: Signal<Chosen[K]> } = {
    given: contextOverride,
    example: signal<ExampleRef | undefined>(undefined),
    batch: signal<BatchRef>({ split: 'validation', count: 64 }),
    mode: signal<NormMode>('eval'),
    layer: signal(0),
    tab: signal(''),
    galleryTab: signal(''),
    diagnosticsTab: signal(''),
    samplesQuery: signal<SampleQuery>({ count: 25, seed: 7, temperature: 1 }),
  };
  const { example, batch, mode, layer } = chosen;
  const tabs = { layer: chosen.tab, gallery: chosen.galleryTab, diagnostics: chosen.diagnosticsTab };
  const marked = signal(-1);
  const pickedSample = signal(0);
  const runnable = computed(() => model.value?.runnable === true);
  const info = computed(() => model.value?.layers.find((l) => l.index === layer.value));

  const store: Store = {
    connection: {
      ...connection,
      host: {
        ...host,
        // About the checkpoint that is shown, unless the offer says otherwise.
        command: (name, of) => host.command(name, of ?? checkpoint.shown.peek()),
      },
    },
    context,
    editorContext,
    summary,
    model,
    checkpoint,
    runnable,
    isSaved: connection.choices !== undefined,
    fixed: computed(() => {
      const recording = model.value?.recording;
      return connection.choices !== undefined || (recording !== undefined && !recording.running);
    }),
    selection: computed<Selection | null>(() =>
      runnable.value ? { example: example.value, batch: batch.value, mode: mode.value } : null,
    ),
    example,
    contextOverride,
    batch,
    mode,
    layer,
    marked,
    samplesQuery: chosen.samplesQuery,
    pickedSample,
    probe: signal<PathStart | undefined>(undefined),
    tabs,
    featuresIn: <R extends Region>(region: R, opened: ModelSummary) =>
      features
        .filter((feature) => feature.region === region && isOffered(feature, opened))
        .sort(
          (a, b) => Number(b.isFirst?.(opened) ?? false) - Number(a.isFirst?.(opened) ?? false),
        ) as FeatureOf<R>[],
    shows: (id) => runnable.value && Object.values(tabs).some((tab) => tab.value === id),
    state<S>(definition: StateDefinition<S>): S {
      let made = states.get(definition);
      // Also while a view is drawn, which must not depend on what is read here.
      if (!made) states.set(definition, (made = untracked(() => definition.create(store)) as StateParts));
      return made as S;
    },
    layerInfo: () => info.value,
    selectLayer(index) {
      if (!model.peek()?.layers.some((l) => l.index === index)) return;
      together(() => {
        layer.value = index;
        marked.value = -1;
        for (const listener of layerListeners) listener();
      });
    },
    onLayer: (listener) => void layerListeners.push(listener),
    selectExample: (next) => void (example.value = next),
    renew() {
      editorContext.cache.clear();
      generation.value++;
    },
  };

  // The selection starts with the model: its defaults, or the choices made before the editor was hidden.
  effect(() => {
    const answer = summary.answer.value;
    if (answer.status === 'loading' || answer.status === 'idle') return;
    const found = ready(answer);
    const before = model.peek();
    const elsewhere = checkpoint.target.peek() !== undefined || checkpoint.shown.peek() !== undefined;
    if (!found && before && elsewhere) {
      checkpoint.giveUp(answer.status === 'failed' ? answer.message : '');
      return;
    }
    together(() => {
      if (found) {
        if (checkpoint.target.peek() === undefined) checkpoint.startAt(found.path);
        checkpoint.arrive();
        if (!before || (before.path !== found.path && !sameFlow(before, found))) reset(found);
      }
      model.value = found;
    });
  });

  function reset(found: ModelSummary): void {
    const last = connection.loadState() as (KeptState & Record<string, unknown>) | undefined;
    const kept = last?.version === 1 && last.path === found.path ? last : undefined;
    const again = kept && found.checkpoints.find(({ path }) => path === kept.shown);
    if (again) checkpoint.look(again.path);
    const start = kept ?? defaults(found);
    for (const [name, choice] of Object.entries(chosen) as [keyof Chosen, Signal<unknown>][])
      choice.value = start[name];
    if (!found.layers.some((l) => l.index === start.layer)) layer.value = defaults(found).layer;
    for (const region of ['layer', 'gallery', 'diagnostics'] as const) {
      const offered = store.featuresIn(region, found).map(({ id }): string => id);
      if (!offered.includes(tabs[region].value)) tabs[region].value = offered[0] ?? '';
    }
    marked.value = -1;
    pickedSample.value = 0;
    for (const [{ keep }, state] of states) state.reset?.(found, keep && kept?.[keep]);
  }

  for (const { state } of features) if (state) store.state(state);

  effect(() => {
    const found = model.value;
    const state: KeptState = {
      version: 1,
      ...(Object.fromEntries(
        Object.entries(chosen).map(([name, choice]: [string, Signal<unknown>]) => [name, choice.value]),
      ) as Chosen),
      ...Object.fromEntries(
        [...states].flatMap(([{ keep }, { kept }]) => (keep && kept ? [[keep, kept.value]] : [])),
      ),
      path: checkpoint.editorFile.value,
      ...(checkpoint.target.value === undefined ? {} : { shown: checkpoint.target.value }),
    };
    if (found) connection.saveState(state);
  });
  return store;
}

function defaults(model: ModelSummary) {
  return {
    /** `contextOverride`, by the name that stored states have for it. */
    given: undefined as readonly number[] | undefined,
    example: defaultExample(model) as ExampleRef | undefined,
    batch: defaultBatch(model),
    mode: 'eval' as NormMode,
    layer: model.layers.find(hasConditioner)?.index ?? model.layers[0]?.index ?? 0,
    // The first of each region.
    tab: '',
    galleryTab: '',
    diagnosticsTab: '',
    samplesQuery: defaultSamples(model),
  };
}
