/**
 * Stands in for VS Code inside the page: `acquireVsCodeApi` whose other end answers from the toy flow, over the same
 * message channel and encoding. The test steers it through `window.toyHost`.
 */
import { createBirpc } from 'birpc';
import type { InspectorMethod, LayerView } from '../../../src/protocol/inspect';
import type { PageApi, PageEvents, PageHost } from '../../../src/protocol/webview';
import { decode, encode } from '../../../src/protocol/wire';
import { withoutValues } from './toy-large';
import { ToyFlow, type ToyOptions } from './toy-flow';

export interface ToyHost {
  /** Milliseconds before the answers to a method. */
  delays: Partial<Record<InspectorMethod, number>>;
  /** Errors instead of answers. */
  errors: Partial<Record<InspectorMethod, string>>;
  /** Calls as the page made them: name and arguments as JSON. */
  calls: string[];
  cancelled: string[];
  /** What the page kept last. */
  readonly state: unknown;
  run: ToyFlow['run'];
  /** Files that cannot be opened. */
  missing: string[];
  /** What the user chooses in the dialog for data. */
  chosen?: string;
  changed(what: 'model' | 'run'): void;
  select: PageEvents['select'];
  act: PageEvents['act'];
  /** Says what the model is, as the host does before its tensors are read. */
  outlined(): void;
}

declare global {
  interface Window {
    toyOptions: ToyOptions & { errors?: ToyHost['errors']; delays?: ToyHost['delays'] };
    toyHost: ToyHost;
    acquireVsCodeApi(): unknown;
  }
}

const flow = new ToyFlow(window.toyOptions);
const others = new Map<string, ToyFlow>();

/** The flow of a file: its own, or that of another step of the run. */
function flowOf(path: string | undefined): ToyFlow {
  if (path === undefined || path === flow.summary.path) return flow;
  const missing = window.toyHost.missing.includes(path);
  const step = Number(/step-(\d+)/.exec(path)?.[1] ?? NaN);
  if (missing || !Number.isFinite(step)) throw new Error(`${path}: is not there.`);
  let other = others.get(path);
  if (!other) {
    other = new ToyFlow({ ...window.toyOptions, step, gain: (0.6 * step) / 240 });
    if (path.startsWith('/other/')) Object.assign(other.summary, { path, runFolder: '/other' });
    others.set(path, other);
  }
  return other;
}
let receive: (message: unknown) => void = () => {};

const calls: string[] = [];
const note = async (name: string, ...args: unknown[]): Promise<void> => {
  calls.push(`${name} ${JSON.stringify(args)}`);
};

const functions: PageHost = {
  async ask(method, query, token, of) {
    const { errors, cancelled } = window.toyHost;
    await note('ask', method, query, ...(of === undefined ? [] : [of]));
    // Read anew each time, so that a test lets an answer go when it has seen enough.
    const delay = (): number => window.toyHost.delays[method] ?? 0;
    for (let waited = 0; waited < delay() && !cancelled.includes(token); waited += 10)
      await new Promise((resolve) => setTimeout(resolve, 10));
    if (errors[method]) throw new Error(errors[method]);
    const answer = flowOf(of).answer(method, query);
    return (
      method === 'layer' && window.toyOptions.large ? withoutValues(answer as LayerView) : answer
    ) as never;
  },
  async cancel(token) {
    window.toyHost.cancelled.push(token);
  },
  showLog: () => note('showLog'),
  command: (name, of) => note('command', name, ...(of === undefined ? [] : [of])),
  async chooseModel() {
    await note('chooseModel');
    return '/other/checkpoints/step-00000120.flow.safetensors';
  },
  async comparables() {
    await note('comparables');
    const checkpoint = (step: number, bits: number) => ({
      path: `/other/checkpoints/step-${String(step).padStart(8, '0')}.flow.safetensors`,
      step,
      validationBitsPerDim: bits,
      best: step === 120,
    });
    return {
      runs: [{ folder: '/other', checkpoints: [checkpoint(40, 2.75), checkpoint(120, 2.125)] }],
      recent: ['/elsewhere/step-00000080.flow.safetensors'],
    };
  },
  async control(request) {
    await note('control', request);
    return flow.run.control(request);
  },
  openCheckpoint: (path) => note('openCheckpoint', path),
  copyText: (text) => note('copyText', text),
  outline: (layers) => note('outline', layers),
  selected: (selection) => note('selected', selection),
  async chooseData(what) {
    await note('chooseData', what);
    return window.toyHost.chosen;
  },
  async save(name, bytes) {
    await note('save', name, bytes.length, String.fromCharCode(...bytes.subarray(0, 200)));
    return true;
  },
};

// VS Code carries messages as JSON beside a list of buffers; a structured clone of encoded messages is as strict.
const deliver = (message: unknown): void =>
  void window.dispatchEvent(new MessageEvent('message', { data: structuredClone(message) }));

const page = createBirpc<PageApi, PageHost>(functions, {
  post: deliver,
  on: (listener) => (receive = listener),
  serialize: encode,
  deserialize: decode,
  timeout: -1,
});

window.toyHost = {
  delays: window.toyOptions.delays ?? {},
  errors: window.toyOptions.errors ?? {},
  calls,
  cancelled: [],
  get state() {
    return kept();
  },
  run: flow.run,
  missing: [],
  changed: (what) => void page.changed(what),
  select: (what) => void page.select(what),
  act: (action) => void page.act(action),
  outlined: () => void page.outlined(flow.summary),
};

/** As in VS Code, it outlives the document. */
function kept(): unknown {
  return JSON.parse(sessionStorage.getItem('state') ?? 'null') as unknown;
}

let acquired = false;
window.acquireVsCodeApi = () => {
  if (acquired) throw new Error('An instance of the VS Code API has already been acquired');
  acquired = true;
  return {
    postMessage: (message: unknown) => receive(structuredClone(message)),
    getState: kept,
    setState: (state: unknown) => sessionStorage.setItem('state', JSON.stringify(state)),
  };
};
