/** Parts of a model in ONNX Runtime. */
import { openFileSession } from '../backends/onnx-session';
import type { Tensor } from 'onnxruntime-node';
import { UserError } from '../../base/user-error';

export interface Floats {
  /** With the batch axis. */
  shape: number[];
  data: Float32Array;
  /** The tensor is float64 in the model. */
  double?: true;
}

/** What a part gives: values of floating-point tensors, and shapes; other types have no values here. */
export type PartResults = Map<string, Floats>;

export type PartSession = Awaited<ReturnType<typeof openPart>>;

export interface PartOptions {
  /** Named in messages. */
  file: string;
  threads: number;
  /** Inputs that take float64. */
  doubles?: ReadonlySet<string>;
  /** Node by node as the file has them: fused ones would round otherwise, and loading takes longer. */
  asWritten?: boolean;
}

/** @throws UserError when ONNX Runtime cannot load it */
export async function openPart(
  part: { bytes: Uint8Array; inputs: readonly string[] },
  { file, threads, doubles = new Set(), asWritten = false }: PartOptions,
) {
  const { session, tensor, run } = await openFileSession(file, part.bytes, {
    graphOptimizationLevel: asWritten ? 'disabled' : 'all',
    intraOpNumThreads: threads,
  });
  const inputNames = part.inputs.filter((name) => session.inputNames.includes(name));
  return {
    /** Feeds of other tensors are ignored. */
    async run(feeds: Readonly<Record<string, Floats>>) {
      const tensors: Record<string, Tensor> = {};
      for (const name of inputNames) {
        const feed = feeds[name];
        if (!feed) throw new UserError(`${file}: takes an input "${name}", which is not known here.`);
        tensors[name] = tensor(feed.data, feed.shape, doubles.has(name));
      }
      const results = await run(tensors);
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
