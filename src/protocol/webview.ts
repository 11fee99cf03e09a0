/** Messages between the inspector's page and the extension host. */
import type { ControlRequest } from '../config/control';
import type { InspectorAnswer, InspectorMethod, InspectorQuery } from './inspector-questions';
import type { Comparables } from './compare';
import type { OutlineLayer, PageAction, PageSelection } from './page-actions';
import type { LayerTab } from './layer-tabs';
import type { RecordedChoices } from './questions';

/** Offers of the page that the host carries out. */
export type PageCommand =
  | 'exportOnnx'
  | 'exportTorch'
  | 'exportHtml'
  | 'exportAnimation'
  | 'showRunFolder'
  | 'resumeTraining'
  | 'trainAgain'
  | 'changeImport'
  | 'convert';

export type AskArguments<M extends InspectorMethod> = [
  method: M,
  query: InspectorQuery<M>,
  token: string,
  of?: string,
  context?: readonly number[],
];

/** Implemented by the host (or by the recorded answers of a saved page), called by the page. */
export interface PageHost {
  /**
   * @param of path of the model that is asked, where it is not the editor's own file: another checkpoint of its run, or
   * one that the user chose to compare with
   * @param context that examples and samples of a conditional flow are given, in data units; their own without
   */
  ask<M extends InspectorMethod>(...question: AskArguments<M>): Promise<InspectorAnswer<M>>;
  cancel(token: string): Promise<void>;
  showLog(): Promise<void>;
  /** Runs one of the page's offers in the host, about the model at `of` where it is not the editor's own file. */
  command(name: PageCommand, of?: string): Promise<void>;
  openCheckpoint(path: string): Promise<void>;
  /** Asks the user for a file to compare with; its path, which `ask` then knows. Undefined when they left. */
  chooseModel(): Promise<string | undefined>;
  /** What there is to compare with; all of it may be asked from then on. */
  comparables(): Promise<Comparables>;
  /** Leaves a request for the training of the run that the editor's file lies in; run.json answers under its id. */
  control(request: ControlRequest): Promise<{ id: string }>;
  /** Lets the user choose data of their own; the path on the machine that the engine runs on. */
  chooseData(what: 'file' | 'folder'): Promise<string | undefined>;
  /** Lets the user choose and allow a function to check the flow against, `FILE.py:FUNCTION`; `check` takes no other. */
  chooseTarget(): Promise<string | undefined>;
  /** The same for data of the flow, which are named in the file next to its own from then on. */
  addData(what: 'file' | 'folder'): Promise<void>;
  /** Saves bytes made by the page (PNG, SVG, CSV, NPY) where the user says. */
  save(suggestedName: string, bytes: Uint8Array): Promise<boolean>;
  /** Where the page's own clipboard does not take it. */
  copyText(content: string): Promise<void>;
  /** The layers, whenever what is known of them changed. */
  outline(layers: OutlineLayer[]): Promise<void>;
  selected(selection: PageSelection): Promise<void>;
}

/** Implemented by the page, called by the host. */
export interface PageEvents {
  /** The file or its run changed on disk: ask again. `gone`: the file was deleted. */
  changed(what: 'model' | 'run' | 'gone'): void;
  /** From a host command or a keyboard shortcut of the workbench. */
  select(what: { layer?: number; tab?: LayerTab }): void;
  act(action: PageAction): void;
}

/** What the page's end of the channel takes. */
export interface PageApi extends PageEvents {
  /**
   * The answer to what the page asks first of the editor's own file, before it asks or while it waits. Of the summary it may be the
   * outline, which is there before the tensors are read.
   */
  answered(known: KnownAnswer): void;
}

export interface KnownAnswer {
  /** `recordKey(method, query)` */
  key: string;
  answer: unknown;
}

/** Answers recorded in a saved page: key is `recordKey(method, query)`. */
export interface RecordedPage {
  version: 1;
  answers: Record<string, unknown>;
  /** Why a question has no answer, under the same keys. Absent in pages of an earlier version. */
  reasons?: Record<string, string>;
  /** Context of the first example of a conditional flow, used in the questions that take one. */
  given?: number[];
  /** What the saved page lets its reader choose. */
  choices: RecordedChoices;
  /** A second model, which the page compares its own with. */
  compared?: RecordedModel;
}

export interface RecordedModel {
  /** Name of its file. */
  path: string;
  answers: Record<string, unknown>;
  reasons: Record<string, string>;
}

/** A key that does not depend on the order of a query's fields. */
export function recordKey(method: InspectorMethod, query: unknown): string {
  return `${method} ${JSON.stringify(query ?? null, (_, value: unknown) =>
    value && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  )}`;
}
