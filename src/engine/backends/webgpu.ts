/** ONNX Runtime on the GPU that is there, through Vulkan, Metal or Direct3D 12: nothing is installed for it. */
import { setTimeout } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { sizeOf } from '../../base/shape';
import { firstLine, UserError } from '../../base/user-error';
import { graphMemory } from '../../graph/memory';
import { runPasses } from '../../graph/passes/pass';
import { onnxPasses } from '../../graph/pipelines/pipelines';
import { trace } from '../../graph/trace/trace';
import { gpuMemory } from '../../native/gpu-memory';
import { formatBytes } from '../../native/ladder';
import { identityModel } from '../../native/onnxruntime';
import type { Backend, Program } from './backend';
import { loadRuntime, newSession, type Runtime } from './onnx-session';
import { compileProgram, createOnnxRuntimeBackend, libraryName, compileStateful } from './onnxruntime';
import { SessionMemory } from './state-buffers';

/** A driver was reset, the machine slept, or memory ran out: what was on the GPU is gone. */
export class GpuLostError extends UserError {
  /** @param isBack whether the GPU can be used again; everything that was compiled for it must be disposed of first */
  constructor(
    why: string,
    readonly isBack: () => Promise<boolean>,
    cause: unknown,
  ) {
    super(`The GPU was lost (${why}). What is saved is kept, and the run can be resumed.`, { cause });
  }
}

/** See `Backend`: what comes back waits for all that was sent. */
export const stepsAhead = 16;

/** Bytes that WebGPU guarantees for a tensor. */
const guaranteed = 2 ** 27;

/** @throws UserError where there is no GPU that WebGPU can use */
export async function createWebGpuBackend({
  threads,
  reason,
  runtime = loadRuntime(),
  looksAfter = [0, 2, 8],
}: {
  threads: number;
  reason: string;
  runtime?: Runtime;
  /** When a lost GPU is looked for, in seconds after the time before: a driver takes a while to start again. */
  looksAfter?: number[];
}): Promise<Backend> {
  const open = (): Promise<InferenceSession> =>
    newSession(runtime, Buffer.from(identityModel, 'base64'), { executionProviders: ['webgpu'] });
  let identity: InferenceSession | undefined = await open().catch((error: unknown) => {
    throw new UserError(
      `No GPU can be used through WebGPU: ${/[^:]*$/.exec(firstLine(error))![0].trim()}. It needs a driver of Vulkan on Linux, ` +
        'Metal on macOS or Direct3D 12 on Windows; flowscope doctor says more. Without one, leave the backend to auto.',
      { cause: error },
    );
  });
  const options = { threads, spin: true, onGpu: true };
  const library = libraryName(runtime);
  const info = { name: 'webgpu', library: `${library} on WebGPU`, threads, reason } as const;
  let processor: Promise<Backend> | undefined;
  let whole: Promise<number | undefined> | undefined;
  let lost: string | undefined;
  /** ONNX Runtime keeps a device, lost or not, until its last session is released. */
  const isBack = async (): Promise<boolean> => {
    for (const seconds of looksAfter) {
      await setTimeout(1000 * seconds);
      await identity?.release();
      identity = await open().catch(() => undefined);
      const one = new runtime.Tensor('float32', Float32Array.of(1), [1]);
      if (await identity?.run({ x: one }).catch(() => undefined)) return true;
    }
    return false;
  };
  const whileThere = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      throw inWords(error, isBack);
    });
  return {
    stepsAhead,
    get info() {
      return lost === undefined ? info : { ...info, library: `${library} on the processor`, reason: lost };
    },
    async compile(graph, compiling) {
      const here = async (): Promise<Program> =>
        (await (processor ??= createOnnxRuntimeBackend({ threads, reason }))).compile(graph, compiling);
      let program = lost === undefined ? await compileProgram(runtime, graph, options) : await here();
      return {
        run: (feeds) =>
          whileThere(program.run(feeds)).catch(async (error: unknown) => {
            if (!(error instanceof GpuLostError)) throw error;
            if (lost === undefined) process.stderr.write(`${error.message} The processor goes on.\n`);
            lost = error.message;
            program = await here();
            return program.run(feeds);
          }),
        dispose: () => program.dispose(),
      };
    },
    async room(graph) {
      const { peak: bytes, largest } = graphMemory(runPasses(graph, onnxPasses({ gpu: true })));
      const memory = await (whole ??= gpuMemory());
      if (memory !== undefined && bytes > memory)
        return { bytes, lacking: `it takes ${formatBytes(bytes)}, and the GPU has ${formatBytes(memory)}` };
      if (largest <= guaranteed || (await takes(runtime, largest))) return { bytes };
      return {
        bytes,
        lacking: `its largest tensor has ${formatBytes(largest)}, which the GPU does not take in one piece`,
      };
    },
    hasHalf: () => computesHalf(runtime),
    async compileStateful(spec) {
      const memory = new StateOnGpu(runtime, spec.state, (identity ??= await open()));
      const program = await compileStateful(runtime, spec, memory, options);
      return {
        ...program,
        run: (name, feeds) => whileThere(program.run(name, feeds)),
        get: (names) => whileThere(program.get(names)),
      };
    },
    async dispose() {
      await identity?.release();
      await (await processor)?.dispose();
    },
  };
}

/** Whether a tensor may be so large. */
function takes(runtime: Runtime, bytes: number): Promise<boolean> {
  const row = 2 ** 18;
  const rows = Math.ceil(bytes / 4 / row);
  return findsOne(runtime, (x) => tf.max(tf.tile(x, [rows, 1])), [1, row]);
}

/** Whether the GPU computes in float16 (shader-f16). */
const computesHalf = (runtime: Runtime): Promise<boolean> =>
  findsOne(runtime, (x) => tf.max(tf.matMul(x, x)), [1, 1], { half: true });

/** What the GPU can do, in words. */
export async function webGpuLimits(): Promise<string> {
  const runtime = loadRuntime();
  let largest = guaranteed;
  while (largest < 2 ** 30 && (await takes(runtime, 2 * largest))) largest *= 2;
  const half = await computesHalf(runtime);
  return `tensors of ${formatBytes(largest)}, float16 ${half ? 'for networks' : 'is missing'}`;
}

/** Whether a function of ones gives 1 on the GPU: ONNX Runtime does not tell what a device can do. */
async function findsOne(
  runtime: Runtime,
  fn: (x: tf.Tensor) => tf.Tensor,
  shape: number[],
  options: { half?: boolean } = {},
): Promise<boolean> {
  const graph = trace(({ x }) => ({ y: fn(x!) }), [{ name: 'x', shape }]);
  const onGpu = { threads: 1, spin: false, onGpu: true, ...options };
  const program = await compileProgram(runtime, graph, onGpu).catch(() => undefined);
  try {
    const results = await program?.run({ x: { shape, data: new Float32Array(sizeOf(shape)).fill(1) } });
    return results?.y!.data[0] === 1;
  } catch {
    return false;
  } finally {
    await program?.dispose();
  }
}

/** The error for the user where ONNX Runtime reports a lost device, or one without memory. */
function inWords(error: unknown, isBack: () => Promise<boolean>): unknown {
  const why = firstLine(error).replace(/^.* message: /, '');
  if (/\bInvalid Buffer\b|\bout of memory\b/i.test(why))
    return new UserError(`The GPU has no memory left for it: a smaller batch takes less (${why}).`, {
      cause: error,
    });
  return /\bdevice\b.{0,40}\blost\b/i.test(why) ? new GpuLostError(why, isBack, error) : error;
}

/** State in memory of the GPU. What a session writes is a tensor of its own there. */
class StateOnGpu extends SessionMemory {
  constructor(
    runtime: Runtime,
    state: readonly { name: string; shape: readonly number[] }[],
    private readonly identity: InferenceSession,
  ) {
    super(runtime, state);
  }

  next(): null {
    return null;
  }

  written(name: string, tensor: Tensor): void {
    const member = this.member(name);
    release(member.current);
    member.current = tensor;
  }

  dispose(): Promise<void> {
    for (const { current } of this.members.values()) release(current);
    return Promise.resolve();
  }

  /** `getData` of a tensor on the GPU aborts the process in ONNX Runtime 1.30.0; what a session copies comes back. */
  protected async copyOf(tensor: Tensor): Promise<Float32Array> {
    if (tensor.location === 'cpu') return (tensor.data as Float32Array).slice();
    const { y } = await this.identity.run({ x: tensor });
    return y!.data as Float32Array;
  }
}

function release(tensor: Tensor): void {
  if (tensor.location === 'gpu-buffer') tensor.dispose();
}
