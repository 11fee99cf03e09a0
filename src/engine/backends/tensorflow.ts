/** TensorFlow through tfjs-node's native add-on: runs graphs in sessions of its own, with state, and trains. */
import { UserError } from '../../config/user-error';
import type { Graph } from '../../graph/ir';
import { writeProgram, type FunctionPorts } from '../../graph/tensorflow/program';
import { writeStateful } from '../../graph/tensorflow/stateful';
import { findNative } from '../../native/locate';
import type { NdArray } from '../../protocol/tensors';
import type { Backend, Feeds, Program, StatefulProgram, StatefulSpec } from './backend';
import { feedFor } from './feeds';
import { loadBinding, Session } from './tensorflow-native';

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
    compile: (graph) => asPromise(() => compile(binding, graph)),
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
  const { bytes, state, functions } = writeStateful(spec.state, spec.functions);
  const session = new Session(binding, bytes);
  const accessOf = (name: string): NonNullable<ReturnType<typeof state.get>> => {
    const access = state.get(name);
    if (!access) throw new UserError(`There is no state named "${name}".`);
    return access;
  };
  return {
    set: (values) =>
      asPromise(() => {
        const entries = Object.entries(values);
        if (entries.length === 0) return;
        const feeds = entries.map(
          ([name, array]) => [accessOf(name).value, stateArray(name, array, accessOf(name).shape)] as const,
        );
        session.run(
          feeds,
          entries.map(([name]) => accessOf(name).assigned),
        );
      }),
    get: (names = [...state.keys()]) =>
      asPromise(() => {
        if (names.length === 0) return {};
        const arrays = session.run(
          [],
          names.map((name) => accessOf(name).read),
        );
        return Object.fromEntries(names.map((name, i) => [name, arrays[i]!]));
      }),
    run: (name, feeds) =>
      asPromise(() => {
        const ports = functions.get(name);
        if (!ports) throw new UserError(`There is no function named "${name}".`);
        return runFunction(session, spec.functions[name]!, ports, feeds);
      }),
    dispose: () => asPromise(() => session.dispose()),
  };
}

function stateArray(name: string, array: NdArray, shape: readonly number[]): NdArray {
  const fits = array.shape.length === shape.length && shape.every((dim, i) => dim === array.shape[i]);
  if (!fits || !(array.data instanceof Float32Array)) {
    throw new UserError(
      `The state "${name}" was given as ${array.data.constructor.name} of shape [${array.shape.join(', ')}]; ` +
        `Float32Array of shape [${shape.join(', ')}] is expected.`,
    );
  }
  return array;
}
