/** Parts of a model in ONNX Runtime. */
import { createRequire } from 'node:module';
import type * as OnnxRuntime from 'onnxruntime-node';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { UserError } from '../../config/user-error';

type Runtime = typeof OnnxRuntime;

export interface Floats {
  /** With the batch axis. */
  shape: number[];
  data: Float32Array;
  /** The tensor is float64 in the model. */
  double?: true;
}

/** What a part gives: values of floating-point tensors, and shapes; other types have no values here. */
export type PartResults = Map<string, Floats>;

export interface PartSession {
  /** Feeds of other tensors are ignored. */
  run(feeds: Readonly<Record<string, Floats>>): Promise<PartResults>;
  release(): Promise<void>;
}

export interface PartOptions {
  /** Named in messages. */
  file: string;
  threads: number;
  /** Inputs that take float64. */
  doubles?: ReadonlySet<string>;
  /** Node by node as the file has them: fused ones would round otherwise, and loading takes longer. */
  asWritten?: boolean;
}

const firstLine = (error: unknown): string => (error as Error).message.split('\n')[0]!;

/** @throws UserError when ONNX Runtime cannot load it */
export async function openPart(
  part: { bytes: Uint8Array; inputs: readonly string[] },
  { file, threads, doubles = new Set(), asWritten = false }: PartOptions,
): Promise<PartSession> {
  // Loaded when first needed: describing a file does without it.
  const runtime = createRequire(__filename)('onnxruntime-node') as Runtime;
  let session: InferenceSession;
  try {
    session = await runtime.InferenceSession.create(part.bytes, {
      graphOptimizationLevel: asWritten ? 'disabled' : 'all',
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      logSeverityLevel: 4,
    });
  } catch (error) {
    throw new UserError(`${file}: ONNX Runtime cannot load it: ${firstLine(error)}`, { cause: error });
  }
  const wanted = part.inputs.filter((name) => session.inputNames.includes(name));
  return {
    async run(feeds) {
      const tensors: Record<string, Tensor> = {};
      for (const name of wanted) {
        const feed = feeds[name];
        if (!feed) throw new UserError(`${file}: takes an input "${name}", which is not known here.`);
        tensors[name] = doubles.has(name)
          ? new runtime.Tensor('float64', Float64Array.from(feed.data), feed.shape)
          : new runtime.Tensor('float32', feed.data, feed.shape);
      }
      let results: InferenceSession.OnnxValueMapType;
      try {
        results = await session.run(tensors);
      } catch (error) {
        throw new UserError(`${file}: ONNX Runtime cannot run it: ${firstLine(error)}`, { cause: error });
      }
      const out: PartResults = new Map();
      for (const [name, value] of Object.entries(results)) {
        const data = floatsOf(value, name.startsWith('shape:'));
        if (!data) continue;
        const { dims, type } = value;
        out.set(name, { shape: [...dims], data, ...(type === 'float64' ? { double: true as const } : {}) });
      }
      return out;
    },
    release: () => session.release(),
  };
}

function floatsOf({ type, data }: Tensor, isShape: boolean): Float32Array | undefined {
  if (type === 'float32') return data as Float32Array;
  if (type === 'float64') return Float32Array.from(data as Float64Array);
  if (isShape) return Float32Array.from(data as BigInt64Array, Number);
  return undefined;
}
