/** One selection shared by all regions, the features that show it, and the state that they make of it. */
import type { ReadonlySignal, Signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { BatchRef, ExampleRef, NormMode, SampleQuery, Selection } from '../../../src/protocol/selection';
import type { InspectorMethod } from '../../../src/protocol/inspector-questions';
import type { LayerInfo, ModelSummary } from '../../../src/protocol/model';
import type { PathStart } from '../../../src/protocol/plane';
import type { LayerTab } from '../../../src/protocol/layer-tabs';
import type { Connection } from '../host/page-api';
import type { ViewData } from '../view-data/view-data';
import type { CheckpointState } from './checkpoint-state';
import type { Question, QuestionContext } from './question';

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
