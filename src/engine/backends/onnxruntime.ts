/** ONNX Runtime: comes with the product, needs no set-up, runs graphs but does not train. */
import { createRequire } from 'node:module';
import type * as OnnxRuntime from 'onnxruntime-node';
import type { InferenceSession, Tensor, TypedTensor } from 'onnxruntime-node';
import type { DType, Graph } from '../../graph/ir';
import { toOnnx } from '../../graph/onnx/to-onnx';
import type { NdArray } from '../../protocol/tensors';
import type { Backend, Feeds, Program } from './backend';
import { feedFor } from './feeds';

type Runtime = typeof OnnxRuntime;

const ortTypes = { float32: 'float32', int32: 'int32', bool: 'bool' } as const satisfies Record<
  DType,
  Tensor.Type
>;

/** Loads the library; throws where there is none for this platform. */
export async function createOnnxRuntimeBackend(options: {
  threads: number;
  reason: string;
}): Promise<Backend> {
  // Loaded here and not above: the library takes time to load and is not wanted by everyone who imports this file.
  const runtime = createRequire(__filename)('onnxruntime-node') as Runtime;
  const { threads, reason } = options;
  const library = `ONNX Runtime ${runtime.env.versions.node ?? runtime.env.versions.common}`;
  return {
    info: { name: 'onnxruntime', library, threads, reason },
    compile: (graph) => compile(runtime, graph, threads),
    dispose: () => Promise.resolve(),
  };
}

async function compile(runtime: Runtime, graph: Graph, threads: number): Promise<Program> {
  const session = await runtime.InferenceSession.create(toOnnx(graph, { name: 'program' }), {
    graphOptimizationLevel: 'all',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 3,
  });
  // Inputs that nothing needs are dropped by the session; feeding them would be an error.
  const wanted = graph.inputs.filter(({ name }) => session.inputNames.includes(name));
  const program: Program = {
    async run(feeds) {
      const tensors: Record<string, Tensor> = {};
      for (const { name, value } of wanted) {
        const type = graph.values.get(value)!;
        const { data, shape } = feedFor(feeds, name, type, graph);
        tensors[name] = new runtime.Tensor(ortTypes[type.dtype], data as Float32Array, shape);
      }
      return toFeeds(await session.run(tensors));
    },
    dispose: () => session.release(),
  };
  return program;
}

function toFeeds(results: InferenceSession.OnnxValueMapType): Feeds {
  return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, toArray(tensor)]));
}

function toArray(tensor: Tensor): NdArray {
  const { data, dims } = tensor as TypedTensor<'float32'>;
  return { shape: [...dims], data };
}
