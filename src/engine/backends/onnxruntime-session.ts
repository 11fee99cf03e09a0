/** Sessions of ONNX Runtime, and the tensors that go in and come out. */
import { newSession, type Runtime } from './onnx-session';
import type { InferenceSession, Tensor, TypedTensor } from 'onnxruntime-node';
import type { DType, Graph, Value } from '../../graph/ir';
import { onnx } from 'onnx-proto';
import { inHalf } from '../../graph/onnx/half';
import { onnxModel } from '../../graph/onnx/to-onnx';
import { offGpu } from '../../graph/passes/few-buffers';
import { runPasses } from '../../graph/passes/pass';
import { onnxPasses } from '../../graph/pipelines/pipelines';
import type { NdArray } from '../../protocol/tensors';
import type { Feeds } from './backend';
import { feedFor } from './feeds';

export interface SessionOptions {
  threads: number;
  /** Whether its threads spin while they wait for work. */
  spin: boolean;
  /** Channels in a block of ONNX Runtime's layout, where it has one and it is to be used (see `OnnxOptions`). */
  block?: number | undefined;
  /** The graph trains. */
  training?: boolean;
  /** Products and convolutions of networks are in float16. */
  half?: boolean;
  /** It runs on the GPU, by WebGPU. */
  onGpu?: boolean;
  /** Names of outputs that stay on the GPU. */
  staying?: readonly string[];
  /** A file that the model is written to as ONNX Runtime optimizes it. */
  optimizedTo?: string | undefined;
}

const ortTypes = { float32: 'float32', int32: 'int32', bool: 'bool' } as const satisfies Record<
  DType,
  Tensor.Type
>;

/** From here on, a graph that trains is a convolutional one, in which ONNX Runtime itself finds nothing that pays. */
const manyNodes = 2000;

/**
 * Sequential sessions plan which results share memory, by looking through all that are free for each: 85 of 100 ms for a
 * thousand nodes, where a run takes ten, and 15 s for five thousand.
 */
const unplanned = { executionMode: 'parallel', interOpNumThreads: 2 } as const;
/** How a session over so many nodes runs. */
export const runsOver = (nodes: number) => (nodes > manyNodes ? unplanned : {});

export interface GraphSession {
  session: InferenceSession;
  /** Outputs that follow from constants alone: a session would copy them in each run. None where it trains. */
  known: ReadonlyMap<string, NdArray>;
}

export async function createSession(
  runtime: Runtime,
  graph: Graph,
  {
    threads,
    spin,
    block,
    training = false,
    half = false,
    onGpu = false,
    staying = [],
    optimizedTo,
  }: SessionOptions,
): Promise<GraphSession> {
  const options = onGpu ? { name: 'program', gpu: true } : { name: 'program', rearrange: true, block };
  const prepared = runPasses(graph, onnxPasses(options));
  const { computed, known } = training
    ? { computed: prepared, known: new Map() }
    : withoutConstants(prepared);
  const float = onnxModel(computed, options);
  const model = half ? inHalf(float) : float;
  const session = await newSession(runtime, onnx.ModelProto.encode(model).finish(), {
    // Its passes take many seconds over thousands of nodes in which our passes have left little to find.
    graphOptimizationLevel: training && graph.nodes.length > manyNodes ? 'disabled' : 'all',
    // Memory laid out ahead for a whole step is half as much again as what is taken and given back on the way.
    enableMemPattern: !training,
    ...(training ? {} : runsOver(graph.nodes.length)),
    ...(onGpu && gpuOptions(model, staying)),
    ...(optimizedTo === undefined ? {} : { optimizedModelFilePath: optimizedTo }),
    ...onThreads({ threads, spin }),
  });
  return { session, known };
}

/** @param staying names of outputs that are not brought back */
function gpuOptions(
  { graph }: onnx.IModelProto,
  staying: readonly string[],
): Pick<InferenceSession.SessionOptions, 'executionProviders' | 'preferredOutputLocation'> {
  const off = graph!.node!.filter(({ opType }) => opType! in offGpu).map(({ name }) => name!);
  return {
    // It refuses an empty list.
    executionProviders: [{ name: 'webgpu', ...(off.length > 0 && { forceCpuNodeNames: off }) }, 'cpu'],
    preferredOutputLocation: Object.fromEntries(staying.map((name) => [name, 'gpu-buffer'])),
  };
}

/** @param model that ONNX Runtime wrote for this kind of processor */
export function optimizedSession(
  runtime: Runtime,
  model: Uint8Array,
  options: Pick<SessionOptions, 'threads' | 'spin'>,
): Promise<InferenceSession> {
  return newSession(runtime, model, {
    graphOptimizationLevel: 'disabled',
    ...unplanned,
    ...onThreads(options),
  });
}

function onThreads({
  threads,
  spin,
}: Pick<SessionOptions, 'threads' | 'spin'>): InferenceSession.SessionOptions {
  return {
    intraOpNumThreads: threads,
    ...(spin
      ? {}
      : { extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } } }),
  };
}

/** A model needs outputs, so that where all are constant they stay. */
function withoutConstants(graph: Graph): { computed: Graph; known: Map<string, NdArray> } {
  const known = new Map<string, NdArray>();
  const outputs = graph.outputs.filter(({ value }) => !graph.constants.has(value));
  if (outputs.length === 0) return { computed: graph, known };
  for (const { name, value } of graph.outputs) {
    const data = graph.constants.get(value);
    if (data) known.set(name, { shape: [...graph.values.get(value)!.shape], data });
  }
  return { computed: { ...graph, outputs }, known };
}

export interface SessionInput {
  name: string;
  type: Value;
}

/** What a session is fed. Inputs that nothing needs are dropped by it; feeding them would be an error. */
export function inputsOf(session: InferenceSession, graph: Graph): SessionInput[] {
  return graph.inputs
    .filter(({ name }) => session.inputNames.includes(name))
    .map(({ name, value }) => ({ name, type: graph.values.get(value)! }));
}

/** Tensors on the memory of the feeds. @throws UserError for a feed that is missing or does not fit */
export function tensorsFor(
  runtime: Runtime,
  inputs: readonly SessionInput[],
  feeds: Feeds,
  dynamicBatch: number | undefined,
): Record<string, Tensor> {
  return Object.fromEntries(
    inputs.map(({ name, type }) => {
      const { data, shape } = feedFor(feeds, name, type, { dynamicBatch });
      return [name, new runtime.Tensor(ortTypes[type.dtype], data as Float32Array, shape)];
    }),
  );
}

export function toArray(tensor: Tensor): NdArray {
  const { data, dims } = tensor as TypedTensor<'float32'>;
  return { shape: [...dims], data };
}
