/** An ONNX file in ONNX Runtime. */
import { createRequire } from 'node:module';
import type * as OnnxRuntime from 'onnxruntime-node';
import type { InferenceSession, Tensor, TypedTensor } from 'onnxruntime-node';
import { UserError } from '../../config/user-error';
import type { Feeds } from '../backends/backend';

type Runtime = typeof OnnxRuntime;

export interface OnnxSession {
  inputs: readonly string[];
  outputs: readonly string[];
  /** Feeds of float32; inputs that the file does not have are left out. */
  run(feeds: Feeds): Promise<Feeds>;
  dispose(): Promise<void>;
}

/** @throws UserError when ONNX Runtime cannot load the file */
export async function openSession(file: string, threads: number): Promise<OnnxSession> {
  // Loaded when first needed: describing a file does without it.
  const runtime = createRequire(__filename)('onnxruntime-node') as Runtime;
  let session: InferenceSession;
  try {
    session = await runtime.InferenceSession.create(file, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    });
  } catch (error) {
    throw new UserError(`${file}: ONNX Runtime cannot load it: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return {
    inputs: session.inputNames,
    outputs: session.outputNames,
    async run(feeds) {
      const given = session.inputNames.map((name): [string, Tensor] => {
        const feed = feeds[name];
        if (!feed) throw new UserError(`${file}: takes an input "${name}", which is not known here.`);
        return [name, new runtime.Tensor('float32', feed.data as Float32Array, feed.shape)];
      });
      let results: InferenceSession.OnnxValueMapType;
      try {
        results = await session.run(Object.fromEntries(given));
      } catch (error) {
        throw new UserError(`${file}: ONNX Runtime cannot run it: ${(error as Error).message}`, {
          cause: error,
        });
      }
      return Object.fromEntries(
        Object.entries(results).map(([name, value]) => {
          const { data, dims } = value as TypedTensor<'float32'>;
          return [name, { shape: [...dims], data }];
        }),
      );
    },
    dispose: () => session.release(),
  };
}
