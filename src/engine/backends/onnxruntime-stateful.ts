/**
 * State and functions on it, on ONNX Runtime. A session there has no variables: our own memory, or the GPU's, holds the state;
 * sessions read it as inputs and write it as outputs, without a copy in either direction.
 */
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { UserError } from '../../base/user-error';
import type { Graph } from '../../graph/ir';
import { checkState, isState, stateName } from '../../graph/state-ports';
import type { StatefulProgram, StatefulSpec } from './backend';
import {
  createSession,
  inputsOf,
  tensorsFor,
  toArray,
  type SessionInput,
  type SessionOptions,
} from './onnxruntime-session';
import type { Runtime } from './onnx-session';
import type { SessionMemory } from './state-buffers';

interface StatefulFunction {
  session: InferenceSession;
  fed: SessionInput[];
  reads: string[];
  writes: string[];
  results: string[];
  dynamicBatch: number | undefined;
}

/** @throws UserError when a function uses state that is not listed, or in another shape */
export async function compileStateful(
  runtime: Runtime,
  spec: StatefulSpec,
  state: SessionMemory,
  options: SessionOptions,
): Promise<StatefulProgram> {
  const functions = new Map<string, StatefulFunction>();
  const dispose = async (): Promise<void> => {
    for (const { session } of functions.values()) await session.release();
    functions.clear();
    await state.dispose();
  };
  try {
    for (const [name, graph] of Object.entries(spec.functions)) {
      checkState(state.members, name, graph);
      functions.set(name, await compileFunction(runtime, graph, { ...options, training: true }));
    }
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    set: async (values) => state.set(values),
    get: async (names = spec.state.map(({ name }) => name)) => state.get(names),
    async run(name, feeds) {
      const fn = functions.get(name);
      if (!fn) throw new UserError(`There is no function named "${name}".`);
      const inputs = tensorsFor(runtime, fn.fed, feeds, fn.dynamicBatch);
      for (const member of fn.reads) inputs[`state:${member}`] = state.current(member);
      // Null asks for a tensor, a tensor to be written to.
      const outputs = Object.fromEntries<Tensor | null>([
        ...fn.results.map((result) => [result, null] as const),
        ...fn.writes.map((member) => [nextName(member), state.next(member)] as const),
      ]);
      const results = await fn.session.run(inputs, outputs);
      for (const member of fn.writes) state.written(member, results[nextName(member)]!);
      return Object.fromEntries(fn.results.map((result) => [result, toArray(results[result]!)]));
    },
    dispose,
  };
}

/** In ONNX no output may have the name of an input. */
const nextName = (member: string): string => `next:${member}`;

async function compileFunction(
  runtime: Runtime,
  graph: Graph,
  options: SessionOptions,
): Promise<StatefulFunction> {
  const outputs = graph.outputs.map((port) =>
    isState(port) ? { ...port, name: nextName(stateName(port)) } : port,
  );
  const writes = graph.outputs.filter(isState).map(stateName);
  const staying = options.onGpu ? writes.map(nextName) : [];
  const { session } = await createSession(runtime, { ...graph, outputs }, { ...options, staying });
  const inputs = inputsOf(session, graph);
  return {
    session,
    fed: inputs.filter((input) => !isState(input)),
    reads: inputs.filter(isState).map(stateName),
    writes,
    results: graph.outputs.filter((port) => !isState(port)).map(({ name }) => name),
    dynamicBatch: graph.dynamicBatch,
  };
}
