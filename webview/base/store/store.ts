/** One selection shared by all regions, and the questions that follow from it. */
import {
  batch as together,
  computed,
  effect,
  signal,
  type ReadonlySignal,
  type Signal,
} from '@preact/signals';
import type { Contribution } from '../../../src/protocol/contribution';
import type { Findings } from '../../../src/protocol/findings';
import type {
  BatchRef,
  Diagnostics,
  ExampleLayer,
  ExamplePage,
  ExampleRef,
  ExampleStrip,
  LayerView,
  MaskView,
  Morph,
  NetworkView,
  NormMode,
  PlaneView,
  SampleGrid,
  SampleQuery,
  Selection,
  Strip,
  StripRow,
} from '../../../src/protocol/inspect';
import type { CheckpointInfo, LayerInfo, ModelSummary } from '../../../src/protocol/model';
import {
  defaultBatch,
  defaultExample,
  defaultSamples,
  examplesQuery,
  isCoupling,
  isPlane,
  planeQuery,
} from '../../../src/protocol/questions';
import type { LayerTab } from '../../../src/protocol/webview';
import type { PageAction } from '../../../src/protocol/page-actions';
import type { Connection } from '../host/page-api';
import { createCheckpointState, type CheckpointState } from './checkpoint-state';
import { createFindings } from '../../features/diagnostics/state';
import { createCompareState, type CompareState, type KeptComparison } from '../../features/compare/state';
import {
  createGalleryState,
  type GalleryState,
  type GalleryTab,
  type KeptGallery,
} from '../examples/corners-state';
import { createGivenState, type GivenState } from '../../app/given-state';
import { createLayerTabsState, type LayerTabsState } from '../../features/network/state';
import { createLatentsState, type LatentsState } from '../../features/latents/state';
import { createNearestState, type NearestState } from '../../features/nearest/state';
import { createPlaneState, type KeptPlane, type PlaneState } from '../../features/plane/state';
import { createHistoryState, type HistoryState } from './history-state';
import { tellSelection } from '../../app/outline-state';
import { createPopulationState, type PopulationState } from './population-state';
import { askAhead } from './ahead';
import { AnswerCache, ask, ready, wholeOrPart, type Question } from './question';
import { createRunState, defaultCurveLook, type CurveLook, type RunState } from './run-state';
import { createSubject, type Subject } from '../examples/subject-state';
import { createWindowState, type WindowState } from '../../features/activations/windows';
import { createTensorTable, type TensorTable } from '../../features/file/state';

export type Tab = 'plane' | LayerTab;
export type ShownRow = ExampleStrip['rows'][number] & Partial<StripRow>;
export type ShownStrip = Omit<ExampleStrip, 'rows'> & Partial<Pick<Strip, 'mean'>> & { rows: ShownRow[] };
export type ShownLayer = ExampleLayer & Partial<LayerView>;
export type DiagnosticsTab = 'diagnostics' | 'element' | 'run';

export interface Store {
  connection: Connection;
  summary: Question<ModelSummary>;
  model: Signal<ModelSummary | undefined>;
  example: Signal<ExampleRef | undefined>;
  batch: Signal<BatchRef>;
  mode: Signal<NormMode>;
  layer: Signal<number>;
  tab: Signal<Tab>;
  galleryTab: Signal<GalleryTab>;
  gallery: GalleryState;
  subject: Subject;
  latents: LatentsState;
  nearest: NearestState;
  diagnosticsTab: Signal<DiagnosticsTab>;
  samplesQuery: Signal<SampleQuery>;
  pickedSample: Signal<number>;
  /** Position on the way from z (0) to x; absent shows the last. */
  morphStep: Signal<number | undefined>;
  /** Element of the layer's tensors that is worked through in numbers; −1 for the first that moves. */
  marked: Signal<number>;
  channelPage: Signal<number>;
  /** Whether the strip's bars are of the example or the mean of the batch. */
  barsOf: Signal<'example' | 'mean'>;
  page: Signal<{ split: 'train' | 'validation'; offset: number }>;
  helpOpen: Signal<boolean>;
  strip: Question<Strip>;
  /** What is known of the strip: of the example alone while a batch takes its time. */
  shownStrip: Question<ShownStrip>;
  layerView: Question<LayerView>;
  shownLayer: Question<ShownLayer>;
  mask: Question<MaskView>;
  network: Question<NetworkView>;
  samples: Question<SampleGrid>;
  morph: Question<Morph>;
  examples: Question<ExamplePage>;
  diagnostics: Question<Diagnostics>;
  findings: Question<Findings>;
  plane: Question<PlaneView>;
  planes: PlaneState;
  contribution: Question<Contribution>;
  run: RunState;
  curveLook: Signal<CurveLook>;
  checkpoint: CheckpointState;
  compare: CompareState;
  /** Those of the run by step, also such as were written since the model was opened. */
  checkpoints: ReadonlySignal<CheckpointInfo[]>;
  maskOf(layer: number): Question<MaskView>;
  given: GivenState;
  layerTabs: LayerTabsState;
  windows: WindowState;
  history: HistoryState;
  /** What the page does for a command of the host; set by the page. */
  act: Signal<((action: PageAction) => void) | undefined>;
  population: PopulationState;
  tensorTable: TensorTable;
  layerInfo(): LayerInfo | undefined;
  selectLayer(index: number): void;
  selectExample(example: ExampleRef | undefined): void;
  stepExample(by: number): void;
  exampleTotal(of: ExampleRef | undefined): number;
}

/** What is kept when the editor is hidden and shown again: choices, never data. */
interface KeptState {
  version: 1;
  example?: ExampleRef;
  batch: BatchRef;
  mode: NormMode;
  layer: number;
  tab: Tab;
  galleryTab: GalleryTab;
  diagnosticsTab: DiagnosticsTab;
  samplesQuery: SampleQuery;
  /** Absent in what an earlier version kept. */
  gallery?: KeptGallery;
  plane?: KeptPlane;
  comparison?: KeptComparison;
  /** Path of the user's data to compare with. */
  own?: string;
  curveLook?: CurveLook;
  /** Of the editor's own file. */
  path: string;
  /** The checkpoint that is shown in its place. */
  shown?: string;
}

export function tabsOf(model: ModelSummary): Tab[] {
  return isPlane(model)
    ? ['plane', 'activations', 'mask', 'logdet', 'network', 'jacobian']
    : ['activations', 'mask', 'logdet', 'network', 'jacobian'];
}

/** Whether a selection in one means the same in the other: two checkpoints of one run. */
export function sameFlow(a: ModelSummary, b: ModelSummary): boolean {
  const shapes = ({ layers }: ModelSummary): string =>
    JSON.stringify(layers.map(({ name, inputShape }) => [name, inputShape]));
  return a.runFolder !== undefined && a.runFolder === b.runFolder && shapes(a) === shapes(b);
}

export function createStore(connection: Connection): Store {
  const generation = signal(0);
  const checkpoint = createCheckpointState();
  // What is true of the whole run is asked of the editor's own file, the rest of the checkpoint that is shown.
  const ownContext = { host: connection.host, cache: new AnswerCache(), generation };
  const context = { ...ownContext, of: checkpoint.shown };

  const summary = ask({ ...ownContext, of: checkpoint.wanted }, 'summary', () => undefined);
  const model = signal<ModelSummary | undefined>(undefined);
  const example = signal<ExampleRef | undefined>(undefined);
  const batch = signal<BatchRef>({ split: 'validation', count: 64 });
  const mode = signal<NormMode>('eval');
  const layer = signal(0);
  const tab = signal<Tab>('activations');
  const galleryTab = signal<GalleryTab>('samples');
  const page = signal<{ split: 'train' | 'validation'; offset: number }>({ split: 'validation', offset: 0 });
  const gallery = createGalleryState(context, model, galleryTab);
  const saved = connection.choices !== undefined;
  const planes = createPlaneState(context, { model, layer, batch, example, tab, saved, selectLayer });
  const population = createPopulationState(
    context,
    model,
    computed(() => page.value.split),
    computed(() => galleryTab.value === 'examples'),
  );
  const diagnosticsTab = signal<DiagnosticsTab>('diagnostics');
  const samplesQuery = signal<SampleQuery>({ count: 25, seed: 7, temperature: 0.8 });
  const pickedSample = signal(0);
  const morphStep = signal<number | undefined>(undefined);
  const marked = signal(-1);
  const channelPage = signal(0);
  const barsOf = signal<'example' | 'mean'>('example');
  const helpOpen = signal(false);
  const curveLook = signal<CurveLook>(defaultCurveLook);
  const act = signal<((action: PageAction) => void) | undefined>(undefined);

  // The selection starts with the model: its defaults, or what was chosen before the editor was hidden.
  effect(() => {
    const answer = summary.answer.value;
    if (answer.status === 'loading' || answer.status === 'idle') return;
    const found = ready(answer);
    const before = model.peek();
    const elsewhere = checkpoint.wanted.peek() !== undefined || checkpoint.shown.peek() !== undefined;
    if (!found && before && elsewhere) {
      checkpoint.giveUp(answer.status === 'failed' ? answer.message : '');
      return;
    }
    together(() => {
      if (found) {
        if (checkpoint.wanted.peek() === undefined) checkpoint.startAt(found.path);
        checkpoint.arrive();
        if (!before || (before.path !== found.path && !sameFlow(before, found))) reset(found);
      }
      model.value = found;
    });
  });

  function reset(found: ModelSummary): void {
    const kept = connection.loadState() as KeptState | undefined;
    const usable = kept?.version === 1 && kept.path === found.path;
    const again = usable && found.checkpoints.find(({ path }) => path === kept.shown);
    if (again) checkpoint.look(again.path);
    curveLook.value = (usable && kept.curveLook) || defaultCurveLook;
    example.value = usable ? kept.example : defaultExample(found);
    batch.value = usable ? kept.batch : defaultBatch(found);
    mode.value = usable ? kept.mode : 'eval';
    samplesQuery.value = usable ? kept.samplesQuery : defaultSamples(found);
    galleryTab.value = usable ? kept.galleryTab : 'samples';
    gallery.reset(found, usable ? kept.gallery : undefined);
    planes.reset(usable ? kept.plane : undefined);
    compare.reset(usable ? kept.comparison : undefined);
    population.own.value = usable ? kept.own : undefined;
    diagnosticsTab.value = usable ? kept.diagnosticsTab : 'diagnostics';
    const tabs = tabsOf(found);
    tab.value = usable && tabs.includes(kept.tab) ? kept.tab : tabs[0]!;
    const first = found.layers.find(isCoupling)?.index ?? found.layers[0]?.index ?? 0;
    layer.value = usable && found.layers.some((l) => l.index === kept.layer) ? kept.layer : first;
    barsOf.value = example.value ? 'example' : 'mean';
    page.value = {
      split: (found.splits.find((s) => s.name === 'validation') ?? found.splits[0])?.name ?? 'validation',
      offset: 0,
    };
    marked.value = -1;
    channelPage.value = 0;
    pickedSample.value = 0;
    history.reset();
  }

  const runnable = computed(() => model.value?.runnable === true);
  const selection = computed<Selection | null>(() =>
    runnable.value ? { example: example.value, batch: batch.value, mode: mode.value } : null,
  );
  const info = computed(() => model.value?.layers.find((l) => l.index === layer.value));

  const strip = ask(context, 'strip', () => selection.value);
  // A saved page has the whole answer at once.
  const exampleAlone = (whole: Question<unknown>): ExampleRef | undefined => {
    const answer = whole.answer.value;
    const waits = answer.status === 'loading' && answer.slow;
    return waits && mode.value === 'eval' && !connection.choices ? example.value : undefined;
  };
  const stripOfExample = ask(context, 'stripOfExample', () => {
    const alone = exampleAlone(strip);
    return alone ? { example: alone } : null;
  });
  const layerView = ask(context, 'layer', () =>
    selection.value && info.value && (tab.value === 'activations' || tab.value === 'logdet')
      ? { ...selection.value, layer: layer.value }
      : null,
  );
  const layerAsked = computed(() => (ready(layerView.answer.value) ? layer.value : null));
  const ahead = askAhead(
    context,
    () => (connection.choices || !ready(strip.answer.value) ? null : selection.value),
    () => layerAsked.value,
    exampleTotal,
  );
  const layerOfExample = ask(context, 'layerOfExample', () => {
    const alone = tab.value === 'activations' ? exampleAlone(layerView) : undefined;
    return alone ? { example: alone, layer: layer.value } : null;
  });
  const mask = ask(context, 'mask', () =>
    runnable.value && info.value && isCoupling(info.value) && tab.value === 'mask'
      ? { layer: layer.value }
      : null,
  );
  const network = ask(context, 'network', () =>
    runnable.value && info.value && tab.value === 'network' ? { layer: layer.value } : null,
  );
  const plane = ask(context, 'plane', () =>
    model.value && runnable.value && isPlane(model.value)
      ? planeQuery(batch.value, samplesQuery.value)
      : null,
  );
  const samples = ask(context, 'samples', () =>
    model.value && runnable.value && !isPlane(model.value) && galleryTab.value === 'samples'
      ? samplesQuery.value
      : null,
  );
  const morph = ask(context, 'morph', () =>
    runnable.value && ready(samples.answer.value) && model.value?.kind === 'image'
      ? { ...samplesQuery.value, index: Math.min(pickedSample.value, samplesQuery.value.count - 1) }
      : null,
  );
  const examples = ask(context, 'examples', () =>
    model.value && runnable.value && galleryTab.value === 'examples' && model.value.splits.length > 0
      ? examplesQuery(model.value, page.value.split, page.value.offset)
      : null,
  );
  const diagnostics = ask(context, 'diagnostics', () =>
    runnable.value && diagnosticsTab.value === 'diagnostics'
      ? { batch: batch.value, mode: mode.value }
      : null,
  );
  const subject = createSubject(example, samplesQuery, pickedSample);
  const looksAt = (wanted: GalleryTab) =>
    computed(() => runnable.value && !saved && galleryTab.value === wanted);
  const compare = createCompareState({
    context,
    model,
    selection,
    layer,
    input: computed(() => ready(strip.answer.value)?.input?.data),
    samples: samplesQuery,
    recorded: connection.compared,
  });
  const history = createHistoryState(
    { layer, tab, example, compared: compare.path },
    { layer: (index) => selectLayer(index), example: (chosen) => selectExample(chosen) },
  );

  effect(() => {
    const found = model.value;
    const state: KeptState = {
      version: 1,
      example: example.value,
      batch: batch.value,
      mode: mode.value,
      layer: layer.value,
      tab: tab.value,
      galleryTab: galleryTab.value,
      diagnosticsTab: diagnosticsTab.value,
      samplesQuery: samplesQuery.value,
      gallery: gallery.kept.value,
      plane: planes.kept.value,
      comparison: compare.kept.value,
      own: population.own.value,
      curveLook: curveLook.value,
      path: checkpoint.own.value,
      ...(checkpoint.wanted.value === undefined ? {} : { shown: checkpoint.wanted.value }),
    };
    if (found) connection.saveState(state);
  });

  const contribution = ask(context, 'contribution', () =>
    diagnosticsTab.value === 'element' && example.value ? selection.value : null,
  );
  const run = createRunState(ownContext, () => runnable.value);
  const checkpoints = computed(() => {
    const known = run.data.value?.checkpoints ?? model.value?.checkpoints ?? [];
    return [...known].sort((a, b) => a.step - b.step);
  });
  effect(() => {
    const newest = checkpoints.value.at(-1);
    if (checkpoint.follow.value && newest) checkpoint.move(newest.path);
  });

  // Masks are the same at every step.
  const masks = new Map<number, Question<MaskView>>();
  const maskOf = (index: number): Question<MaskView> => {
    let question = masks.get(index);
    if (!question)
      masks.set(
        index,
        (question = ask(ownContext, 'mask', () => (runnable.value ? { layer: index } : null))),
      );
    return question;
  };

  connection.listen({
    changed(what) {
      if (what === 'run') {
        run.changed();
        return;
      }
      ownContext.cache.clear();
      generation.value++;
    },
    select(what) {
      if (what.layer !== undefined) selectLayer(what.layer);
      const opened = model.peek();
      if (what.tab && opened && tabsOf(opened).includes(what.tab)) tab.value = what.tab;
    },
    act: (action) => act.peek()?.(action),
  });

  function selectLayer(index: number): void {
    if (!model.peek()?.layers.some((l) => l.index === index)) return;
    together(() => {
      layer.value = index;
      planes.leaveData();
      marked.value = -1;
      channelPage.value = 0;
    });
  }

  function selectExample(next: ExampleRef | undefined): void {
    together(() => {
      example.value = next;
      barsOf.value = next ? 'example' : 'mean';
    });
  }

  function stepExample(by: number): void {
    const now = example.peek();
    const recorded = connection.choices?.examples;
    if (recorded) {
      const at = recorded.findIndex((e) => JSON.stringify(e) === JSON.stringify(now));
      const next = recorded[at + by];
      if (next) selectExample(next);
      return;
    }
    if (!now || !('index' in now)) return;
    ahead.went(by);
    const index = Math.min(exampleTotal(now) - 1, Math.max(0, now.index + by));
    if (index !== now.index) selectExample({ ...now, index });
  }

  /** How many examples there are where this one comes from; 0 where it stands alone. */
  function exampleTotal(of: ExampleRef | undefined): number {
    switch (of?.kind) {
      case 'data':
        return model.value?.splits.find((s) => s.name === of.split)?.count ?? 0;
      case 'sample':
        return of.count;
      case 'file':
        return (of.path === population.own.value && population.ownScores.value?.total) || of.index + 1;
      default:
        return 0;
    }
  }

  const layerTabs = createLayerTabsState(context, {
    selection,
    info,
    tab,
    marked,
    recorded: connection.choices !== undefined,
  });
  const windows = createWindowState(context, {
    selection: computed(() => (connection.choices || tab.value !== 'activations' ? null : selection.value)),
    layer,
    tensors: computed(() => {
      const view = ready(layerView.answer.value);
      return view?.layer === layer.value ? view.tensors : undefined;
    }),
    page: channelPage,
    mapView: layerTabs.mapView,
  });

  tellSelection(
    connection.host,
    model,
    () => ready(strip.answer.value),
    layer,
    history,
    compare.path,
    checkpoints,
  );

  return {
    connection: {
      ...connection,
      host: {
        ...connection.host,
        command: (name, of) => connection.host.command(name, of ?? checkpoint.shown.peek()),
      },
    },
    summary,
    model,
    example,
    batch,
    mode,
    layer,
    tab,
    galleryTab,
    gallery,
    subject,
    latents: createLatentsState(context, subject.example, looksAt('latents')),
    nearest: createNearestState(context, subject.example, looksAt('nearest')),
    diagnosticsTab,
    samplesQuery,
    pickedSample,
    morphStep,
    marked,
    channelPage,
    barsOf,
    page,
    helpOpen,
    strip,
    shownStrip: wholeOrPart<ShownStrip & Strip, ShownStrip>(strip, stripOfExample),
    layerView,
    shownLayer: wholeOrPart<LayerView, ShownLayer>(layerView, layerOfExample),
    mask,
    network,
    samples,
    morph,
    examples,
    diagnostics,
    findings: createFindings(context, batch, diagnostics),
    plane,
    planes,
    contribution,
    run,
    curveLook,
    checkpoint,
    checkpoints,
    compare,
    maskOf,
    population,
    given: createGivenState(connection.host, model, selectExample),
    layerTabs,
    windows,
    history,
    act,
    tensorTable: createTensorTable(context),
    layerInfo: () => info.value,
    selectLayer,
    selectExample,
    stepExample,
    exampleTotal,
  };
}
