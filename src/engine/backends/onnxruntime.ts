/** ONNX Runtime: comes with the product and needs no set-up; runs graphs, and trains. */
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { loadRuntime, type Runtime } from './onnx-session';
import type { Graph } from '../../graph/ir';
import type { Backend, Feeds, Program, StatefulProgram, StatefulSpec } from './backend';
import {
  createSession,
  inputsOf,
  optimizedSession,
  tensorsFor,
  toArray,
  type SessionOptions,
  type SessionInput,
} from './onnxruntime-session';
import { inHalves, isLongWork, isSmall } from './halves';
import { compileOn, startThread, type Thread } from './onnx-helper';
import { channelsInBlock } from './onnxruntime-blocks';
import {
  createProgramCache,
  type CachedProgram,
  type ProgramCache,
  type ProgramCacheOptions,
} from './program-cache';
import { StateBuffers, type SessionMemory } from './state-buffers';
import { UserError } from '../../base/user-error';
import { checkState, isState, stateName } from '../../graph/state-ports';

/** Loads the library; throws where there is none for this platform. */
export async function createOnnxRuntimeBackend(options: {
  threads: number;
  reason: string;
  /** Whether its threads spin while they wait for work: faster where nothing else computes, much slower where something does. */
  spin?: boolean;
  /** The script of `onnx-thread.ts`, built: with it, large batches are run in two halves at the same time. */
  helper?: string;
  cache?: ProgramCacheOptions;
}): Promise<Backend> {
  const runtime = loadRuntime();
  const { threads, reason, spin = true, helper } = options;
  const library = libraryName(runtime);
  const cache = options.cache && createProgramCache(options.cache, library);
  let other: Thread | undefined;
  return {
    info: { name: 'onnxruntime', library, threads, reason },
    async compile(graph, compiling = {}) {
      if (!isLongWork(graph, compiling))
        return compileProgram(runtime, graph, { threads, spin, cache, keep: compiling.keep });
      const tiles = { spin, block: await channelsInBlock(runtime) };
      if (helper === undefined || threads < 2) return compileProgram(runtime, graph, { threads, ...tiles });
      const half = threads >> 1;
      other ??= startThread(helper, { threads: half, reason, spin });
      const [here, there] = await Promise.allSettled([
        compileProgram(runtime, graph, { threads: threads - half, ...tiles }),
        compileOn(other, graph, compiling),
      ]);
      if (here.status === 'fulfilled' && there.status === 'fulfilled') {
        // Batches that stay here have all threads, where that takes no time to compile.
        const whole = isSmall(graph)
          ? await compileProgram(runtime, graph, { threads, ...tiles })
          : here.value;
        return inHalves(graph, { here: here.value, there: there.value, whole });
      }
      // Without the other thread there is no half to send away.
      if (here.status === 'fulfilled') await here.value.dispose();
      return compileProgram(runtime, graph, { threads, ...tiles });
    },
    async restore(keep) {
      const found = await cache?.read(keep);
      if (!found) return undefined;
      try {
        return programOf(runtime, await optimizedSession(runtime, found.model, { threads, spin }), found);
      } catch {
        // Whatever became of the file, the program can be compiled.
        return undefined;
      }
    },
    async compileStateful(spec) {
      const block = await channelsInBlock(runtime);
      return compileStateful(runtime, spec, new StateBuffers(runtime, spec.state), { threads, spin, block });
    },
    dispose: async () => other?.stop(),
  };
}

export function libraryName({ env: { versions } }: Runtime): string {
  return `ONNX Runtime ${versions.node ?? versions.common}`;
}

export async function compileProgram(
  runtime: Runtime,
  graph: Graph,
  { cache, keep, ...options }: SessionOptions & { cache?: ProgramCache; keep?: string },
): Promise<Program> {
  const optimizedTo = keep === undefined ? undefined : await cache?.temporary();
  const { session, known } = await createSession(runtime, graph, { ...options, optimizedTo }).catch(
    (error: unknown) => {
      // Perhaps only that file cannot be written.
      if (optimizedTo === undefined) throw error;
      return createSession(runtime, graph, options);
    },
  );
  // The graph is not held on to: its constants are as large as the model.
  const rest = { inputs: inputsOf(session, graph), known, dynamicBatch: graph.dynamicBatch };
  const written = optimizedTo === undefined ? undefined : cache!.write(keep!, optimizedTo, rest);
  const { run, dispose } = programOf(runtime, session, rest);
  return {
    run,
    async dispose() {
      await written;
      await dispose();
    },
  };
}

function programOf(
  runtime: Runtime,
  session: InferenceSession,
  { inputs, known, dynamicBatch }: Omit<CachedProgram, 'model'>,
): Program {
  return {
    async run(feeds) {
      const results = await session.run(tensorsFor(runtime, inputs, feeds, dynamicBatch));
      const all: Feeds = {};
      for (const [name, tensor] of Object.entries(results)) all[name] = toArray(tensor);
      // Whoever gets it may change it, or hand its memory on.
      for (const [name, { shape, data }] of known) all[name] = { shape, data: data.slice() };
      return all;
    },
    dispose: () => session.release(),
  };
}

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
      functions.set(
        name,
        await compileFunction(runtime, graph, { ...options, training: true, half: name === spec.half }),
      );
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
      // Where a tensor was given to write to, the result is a copy of it.
      for (const member of fn.writes)
        state.written(member, outputs[nextName(member)] ?? results[nextName(member)]!);
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
