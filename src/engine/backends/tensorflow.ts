/** TensorFlow through tfjs-node's native add-on: runs graphs in sessions of its own, with state, and trains. */
import { UserError } from '../../base/user-error';
import type { Graph } from '../../graph/ir';
import { runPasses } from '../../graph/passes/pass';
import { mergeAndCleanUp } from '../../graph/pipelines/pipelines';
import { writeProgram, type FunctionPorts } from '../../graph/tensorflow/program';
import { writeStateful } from '../../graph/tensorflow/stateful';
import { findNative } from '../../native/locate';
import type { Backend, Feeds, Program, StatefulProgram, StatefulSpec } from './backend';
import { feedFor, stateNamed, stateValues } from './feeds';
import { loadBinding, Session } from './tensorflow-native';
import { sizeOf } from '../../base/shape';
import type { StateVariable } from '../../graph/tensorflow/variables';

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
    compile: (graph, { optimize: wanted = false } = {}) =>
      asPromise(() => compile(binding, wanted ? runPasses(graph, mergeAndCleanUp) : graph)),
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
  const wanted = new Set(graph.outputs.map(({ name }) => name));
  return Object.fromEntries(
    names.map((name, i) => [name, results[i]!] as const).filter(([name]) => wanted.has(name)),
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
