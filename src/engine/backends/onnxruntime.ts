/** ONNX Runtime: comes with the product and needs no set-up; runs graphs, and trains. */
import { loadRuntime, type Runtime } from './onnx-session';
import type { Graph } from '../../graph/ir';
import type { Backend, Feeds, Program } from './backend';
import { createSession, inputsOf, tensorsFor, toArray, type SessionOptions } from './onnxruntime-session';
import { inHalves, isLongWork, isSmall } from './halves';
import { compileOn, startThread, type Thread } from './onnx-helper';
import { channelsInBlock } from './onnxruntime-blocks';
import { compileStateful } from './onnxruntime-stateful';

/** Loads the library; throws where there is none for this platform. */
export async function createOnnxRuntimeBackend(options: {
  threads: number;
  reason: string;
  /** Whether its threads spin while they wait for work: faster where nothing else computes, much slower where something does. */
  spin?: boolean;
  /** The script of `onnx-thread.ts`, built: with it, large batches are run in two halves at the same time. */
  helper?: string;
}): Promise<Backend> {
  const runtime = loadRuntime();
  const { threads, reason, spin = true, helper } = options;
  const library = `ONNX Runtime ${runtime.env.versions.node ?? runtime.env.versions.common}`;
  let other: Thread | undefined;
  return {
    info: { name: 'onnxruntime', library, threads, reason },
    async compile(graph, compiling = {}) {
      if (!isLongWork(graph, compiling)) return compile(runtime, graph, { threads, spin });
      const tiles = { spin, block: await channelsInBlock(runtime) };
      if (helper === undefined || threads < 2) return compile(runtime, graph, { threads, ...tiles });
      const half = threads >> 1;
      other ??= startThread(helper, { threads: half, reason, spin });
      const [here, there] = await Promise.allSettled([
        compile(runtime, graph, { threads: threads - half, ...tiles }),
        compileOn(other, graph, compiling),
      ]);
      if (here.status === 'fulfilled' && there.status === 'fulfilled') {
        // Batches that stay here have all threads, where that takes no time to compile.
        const whole = isSmall(graph) ? await compile(runtime, graph, { threads, ...tiles }) : here.value;
        return inHalves(graph, { here: here.value, there: there.value, whole });
      }
      // Without the other thread there is no half to send away.
      if (here.status === 'fulfilled') await here.value.dispose();
      return compile(runtime, graph, { threads, ...tiles });
    },
    compileStateful: (spec) => compileStateful(runtime, spec, { threads, spin }),
    dispose: async () => other?.stop(),
  };
}

async function compile(runtime: Runtime, graph: Graph, options: SessionOptions): Promise<Program> {
  const { session, known } = await createSession(runtime, graph, options);
  // The graph is not held on to: its constants are as large as the model.
  const wanted = inputsOf(session, graph);
  const { dynamicBatch } = graph;
  return {
    async run(feeds) {
      const results = await session.run(tensorsFor(runtime, wanted, feeds, dynamicBatch));
      const all: Feeds = {};
      for (const [name, tensor] of Object.entries(results)) all[name] = toArray(tensor);
      // Whoever gets it may change it, or hand its memory on.
      for (const [name, { shape, data }] of known) all[name] = { shape, data: data.slice() };
      return all;
    },
    dispose: () => session.release(),
  };
}
