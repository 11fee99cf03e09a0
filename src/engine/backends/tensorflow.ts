/** TensorFlow through tfjs-node's native add-on: runs graphs in sessions of its own, with state, and trains. */
import { UserError } from '../../base/user-error';
import type { Graph } from '../../graph/ir';
import { runPasses } from '../../graph/passes/pass';
import { mergeAndCleanUp } from '../../graph/pipelines/pipelines';
import { type FunctionPorts, writeProgram, writeStateful } from '../../graph/tensorflow/stateful';
import { findNative } from '../../native/locate';
import type { Backend, Feeds, Program, StatefulProgram, StatefulSpec } from './backend';
import { feedFor, stateNamed, stateValues } from './feeds';
import { sizeOf } from '../../base/shape';
import type { StateVariable } from '../../graph/tensorflow/variables';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TFJSBinding } from '@tensorflow/tfjs-node/dist/tfjs_binding';
import type { NdArray } from '../../protocol/tensors';

type Binding = ReturnType<typeof loadBinding>;

/** @throws UserError where no native TensorFlow is installed, or it does not load. */
export async function createTensorFlowBackend(options: {
  threads: number;
  reason: string;
}): Promise<Backend> {
  const native = findNative();
  if (!native) {
    throw new UserError(
      'Native TensorFlow is not installed. Install it with "npm start" in the repository or with the command ' +
        '"Flowscope: Install Native TensorFlow", or choose the backend onnxruntime.',
    );
  }
  let binding: Binding;
  try {
    binding = loadBinding(native.binding, options.threads);
  } catch (error) {
    throw new UserError(
      `Native TensorFlow in ${native.folder} does not load: ${(error as Error).message}. Remove that folder and install ` +
        'it again, or choose the backend onnxruntime.',
      { cause: error },
    );
  }
  return {
    info: { name: 'tensorflow', library: `TensorFlow ${binding.TF_Version}`, ...options },
    compile: (graph, { optimize = false } = {}) =>
      asPromise(() => compile(binding, optimize ? runPasses(graph, mergeAndCleanUp) : graph)),
    compileStateful: (spec) => asPromise(() => compileStateful(binding, spec)),
    dispose: () => Promise.resolve(),
  };
}

/** A session runs on the calling thread; its errors become rejections all the same. */
function asPromise<T>(fn: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(fn());
  });
}

function compile(binding: Binding, graph: Graph): Program {
  const { bytes, ports } = writeProgram(graph);
  const session = new Session(binding, bytes);
  return {
    run: (feeds) => asPromise(() => runFunction(session, graph, ports, feeds)),
    dispose: () => asPromise(() => session.dispose()),
  };
}

function runFunction(
  session: Session,
  graph: Graph,
  { feeds: nodes, fetches }: FunctionPorts,
  feeds: Feeds,
): Feeds {
  const fed = graph.inputs
    .filter(({ name }) => nodes.has(name))
    .map(
      ({ name, value }) => [nodes.get(name)!, feedFor(feeds, name, graph.values.get(value)!, graph)] as const,
    );
  const results = session.run(fed, [...fetches.values()]);
  const names = [...fetches.keys()];
  const outputNames = new Set(graph.outputs.map(({ name }) => name));
  return Object.fromEntries(
    names.map((name, i) => [name, results[i]!] as const).filter(([name]) => outputNames.has(name)),
  );
}

function compileStateful(binding: Binding, spec: StatefulSpec): StatefulProgram {
  const { bytes, variables, functions } = writeStateful(spec.state, spec.functions);
  const session = new Session(binding, bytes);
  const state = new SessionState(session, variables);
  return {
    set: (values) => asPromise(() => state.set(values)),
    get: (names = spec.state.map(({ name }) => name)) => asPromise(() => state.get(names)),
    run: (name, feeds) =>
      asPromise(() => {
        const ports = functions.get(name);
        if (!ports) throw new UserError(`There is no function named "${name}".`);
        state.ensureInitialized();
        return runFunction(session, spec.functions[name]!, ports, feeds);
      }),
    dispose: () => asPromise(() => session.dispose()),
  };
}

/** State that was never set is zero. */
/** Named state in the variables of a session. */
class SessionState {
  private readonly initialized = new Set<StateVariable>();

  constructor(
    private readonly session: Session,
    private readonly variables: ReadonlyMap<string, StateVariable>,
  ) {}

  set(values: Feeds): void {
    for (const [variable, data] of stateValues(this.variables, values)) this.write(variable, data);
  }

  get(names: readonly string[]): Feeds {
    return Object.fromEntries(names.map((name) => [name, this.read(stateNamed(this.variables, name))]));
  }

  ensureInitialized(): void {
    for (const variable of this.variables.values())
      if (!this.initialized.has(variable)) this.write(variable, zeros(variable));
  }

  private read(variable: StateVariable): Feeds[string] {
    const { shape, read } = variable;
    const data = this.initialized.has(variable) ? this.session.run([], [read])[0]!.data : zeros(variable);
    return { shape: [...shape], data };
  }

  private write(variable: StateVariable, data: Float32Array): void {
    const { value, assigned, shape } = variable;
    this.session.run([[value, { shape: [...shape], data }]], [assigned]);
    this.initialized.add(variable);
  }
}

function zeros({ shape }: StateVariable): Float32Array {
  return new Float32Array(sizeOf(shape));
}

/**
 * Loads the add-on. TensorFlow reads its settings from the environment when it is loaded, so the threads are set by the
 * first caller in a process.
 */
export function loadBinding(file: string, threads: number): TFJSBinding {
  process.env['TF_NUM_INTRAOP_THREADS'] ??= String(threads);
  process.env['TF_NUM_INTEROP_THREADS'] ??= String(threads);
  // Its greetings are not for users; errors stay.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  const module = { exports: {} as TFJSBinding };
  process.dlopen(module, file);
  return module.exports;
}

/** One loaded SavedModel: a graph with its variables. */
class Session {
  private readonly id: number;

  constructor(
    private readonly binding: TFJSBinding,
    model: Uint8Array,
  ) {
    const folder = mkdtempSync(path.join(tmpdir(), 'flowscope-'));
    try {
      writeFileSync(path.join(folder, 'saved_model.pb'), model);
      this.id = binding.loadSavedModel(folder, 'serve');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /**
   * Feeds are [node, array], fetches are nodes; results come in the order of the fetches. The arrays are used where they
   * are and not kept.
   */
  run(feeds: readonly (readonly [string, NdArray])[], fetches: readonly string[]): NdArray[] {
    const { binding } = this;
    const tensors: number[] = [];
    try {
      for (const [, { shape, data }] of feeds)
        tensors.push(binding.createTensor(shape, this.typeOf(data), data));
      const names = feeds.map(([name]) => `${name}:0`).join(',');
      const results = binding.runSavedModel(
        this.id,
        tensors,
        names,
        fetches.map((name) => `${name}:0`).join(','),
      );
      tensors.push(...results.map(({ id }) => id));
      return results.map(({ id, shape }) => ({ shape, data: binding.tensorDataSync(id) }));
    } finally {
      for (const id of tensors) binding.deleteTensor(id);
    }
  }

  dispose(): void {
    this.binding.deleteSavedModel(this.id);
  }

  private typeOf(data: NdArray['data']): number {
    if (data instanceof Float32Array) return this.binding.TF_FLOAT;
    return data instanceof Int32Array ? this.binding.TF_INT32 : this.binding.TF_BOOL;
  }
}
