/**
 * A page of the inspector with its host in between: the engine answers, unless the test wants something to go wrong. What
 * the page asked for is written down.
 */
import assert from 'node:assert/strict';
import type { BirpcReturn } from 'birpc';
import type { Page } from 'playwright-core';
import type {
  InspectorAnswer,
  InspectorMethod,
  InspectorQuery,
} from '../../../src/protocol/inspector-questions';
import type { ModelSummary } from '../../../src/protocol/model';
import { defaultSelection } from '../../../src/protocol/questions';
import { type PageApi, type PageEvents, type PageHost, recordKey } from '../../../src/protocol/webview';
import { CancelledError } from '../../../src/protocol/wire';
import { until } from '../../inspector/until';
import { keptState } from './browser-page';
import type { EngineWindow } from './engine-window';

export interface Faults {
  /** Milliseconds before the answers to a method. Read anew while one waits, so that a test can let it go. */
  delays?: Partial<Record<InspectorMethod, number>>;
  /** Errors instead of answers. */
  errors?: Partial<Record<InspectorMethod, string>>;
  /** What becomes of answers on their way. */
  edits?: { [M in InspectorMethod]?: (answer: InspectorAnswer<M>) => InspectorAnswer<M> };
}

let pages = 0;

export class EnginePage {
  delays: NonNullable<Faults['delays']>;
  errors: NonNullable<Faults['errors']>;
  private readonly edits: NonNullable<Faults['edits']>;
  /** What the page called: the name and the arguments as JSON. */
  readonly calls: string[] = [];
  /** Questions that were answered, with an error or without: the method and the query as JSON. */
  readonly answers: string[] = [];
  /** Tokens of the calls that it cancelled. */
  readonly cancelled: string[] = [];
  private readonly methods = new Map<string, InspectorMethod>();
  private held: ((method: InspectorMethod, query: unknown) => boolean) | undefined;
  private opening: Promise<ModelSummary>;
  private rpc: BirpcReturn<PageApi, PageHost> | undefined;
  private readonly id = `page ${++pages}`;

  constructor(
    readonly page: Page,
    private readonly window: EngineWindow,
    readonly file: string,
    { delays = {}, errors = {}, edits = {} }: Faults,
  ) {
    this.delays = delays;
    this.errors = errors;
    this.edits = edits;
    this.opening = this.openFile();
    page.once('close', () => this.closeFile(this.opening));
  }

  async begin(open: (host: PageHost) => Promise<BirpcReturn<PageApi, PageHost>>): Promise<void> {
    this.rpc = await open(this.host());
  }

  /** The file or its run is another: it is opened again, and the page is told. */
  async changed(what: 'model' | 'run'): Promise<void> {
    if (what === 'model') {
      const before = this.opening;
      this.opening = this.openFile();
      await this.opening.catch(() => undefined);
      this.closeFile(before);
    }
    void this.rpc!.changed(what);
  }

  /** Holds the questions of which this is true until they are cancelled or others are held. */
  hold<M extends InspectorMethod>(method: M, fits: (query: InspectorQuery<M>) => boolean): void {
    this.held = (name, query) => name === method && fits(query as InspectorQuery<M>);
  }

  select(what: Parameters<PageEvents['select']>[0]): void {
    void this.rpc!.select(what);
  }

  act(action: Parameters<PageEvents['act']>[0]): void {
    void this.rpc!.act(action);
  }

  /** Says what the model is, as the host does before its tensors are read. */
  async outlined(): Promise<void> {
    const answer = { ...(await this.opening), id: '' };
    void this.rpc!.answered({ key: recordKey('summary', undefined), answer });
  }

  /** Gives the page the strip that it asks for first, unasked, as the host does of a small model. */
  async answeredAhead(): Promise<void> {
    const { api } = this.window.engine;
    const summary = await api.open(this.file);
    const selection = defaultSelection(summary);
    const answer = await api.ask(summary.id, 'strip', selection, 'ahead');
    await api.close(summary.id);
    void this.rpc!.answered({ key: recordKey('strip', selection), answer });
  }

  /** What the page kept last. */
  state(): Promise<unknown> {
    return keptState(this.page);
  }

  /** What the cancelled calls had asked. */
  cancelledMethods(): (InspectorMethod | undefined)[] {
    return this.cancelled.map((token) => this.methods.get(token));
  }

  /** Questions of a method, first to last. */
  asked<M extends InspectorMethod>(method: M): InspectorQuery<M>[] {
    return this.said('ask')
      .filter(([name]) => name === method)
      .map(([, query]) => query as InspectorQuery<M>);
  }

  /** Arguments of the calls of a function of the host, first to last. */
  said(name: keyof PageHost): unknown[][] {
    return this.calls
      .filter((call) => call.startsWith(`${name} `))
      .map((call) => JSON.parse(call.slice(name.length + 1)) as unknown[]);
  }

  /** Waits for a question of which this is true; resolves to the last such. */
  untilAsked<M extends InspectorMethod>(
    method: M,
    fits: (query: InspectorQuery<M>) => boolean,
  ): Promise<InspectorQuery<M>> {
    return until(`a question: ${method}`, () => this.asked(method).findLast(fits));
  }

  private openFile(): Promise<ModelSummary> {
    const opening = this.window.engine.api.open(this.file);
    // The page is told when it asks.
    opening.catch(() => undefined);
    return opening;
  }

  private closeFile(opening: Promise<ModelSummary>): void {
    void opening.then(({ id }) => this.window.engine.api.close(id)).catch(() => undefined);
  }

  /** As the extension's own page session answers, without its dialogs. */
  private host(): PageHost {
    const { window } = this;
    const note = async (name: keyof PageHost, ...args: unknown[]): Promise<void> =>
      void this.calls.push(`${name} ${JSON.stringify(args)}`);
    return {
      ask: async <M extends InspectorMethod>(
        method: M,
        query: InspectorQuery<M>,
        token: string,
        of?: string,
        context?: readonly number[],
      ): Promise<InspectorAnswer<M>> => {
        this.methods.set(token, method);
        // A message holds null where the page gave undefined.
        await note('ask', method, query, ...(of == null ? [] : [of]));
        return this.answer(method, query, token, of ?? undefined, context ?? undefined).finally(() =>
          this.answers.push(`${method} ${JSON.stringify(query)}`),
        );
      },
      cancel: async (token) => {
        this.cancelled.push(token);
        await window.engine.api.cancel(`${this.id}/${token}`);
      },
      showLog: () => note('showLog'),
      command: (name, of) => note('command', name, ...(of == null ? [] : [of])),
      openCheckpoint: (path) => note('openCheckpoint', path),
      outline: (layers) => note('outline', layers),
      selected: (selection) => note('selected', selection),
      copyText: (text) => note('copyText', text),
      chooseModel: async () => {
        await note('chooseModel');
        return window.dialog();
      },
      chooseData: async (what) => {
        await note('chooseData', what);
        return window.dialog();
      },
      chooseTarget: async () => {
        await note('chooseTarget');
        return window.dialog();
      },
      addData: (what) => note('addData', what),
      comparables: async () => {
        const own = (await this.opening).runFolder;
        const runs = await window.engine.api.runCheckpoints(window.runs.filter((folder) => folder !== own));
        return { runs, recent: window.recent.filter((other) => other !== this.file) };
      },
      control: async (request) => {
        await note('control', request);
        const { runFolder } = await this.opening;
        assert.ok(runFolder, `${this.file} lies in no run`);
        return window.engine.api.control(runFolder, request);
      },
      save: async (name, bytes) => {
        await note('save', name, bytes.length);
        return window.save(bytes);
      },
    };
  }

  private async answer<M extends InspectorMethod>(
    method: M,
    query: InspectorQuery<M>,
    token: string,
    of: string | undefined,
    context?: readonly number[],
  ): Promise<InspectorAnswer<M>> {
    const started = Date.now();
    while (Date.now() - started < (this.delays[method] ?? 0) || this.held?.(method, query)) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      if (this.cancelled.includes(token) || this.page.isClosed()) throw new CancelledError();
    }
    const error = this.errors[method];
    if (error !== undefined) throw new Error(error);
    const { engine, others } = this.window;
    const own = await this.opening;
    const named = `${this.id}/${token}`;
    const answer =
      of === undefined || of === own.path
        ? await engine.api.ask(own.id, method, query, named, context)
        : await others.use(of, (_, { id }) => engine.api.ask(id, method, query, named, context));
    const edit = this.edits[method];
    return edit ? edit(answer) : answer;
  }
}
