/** Sessions of ONNX Runtime: all are made and run here. */
import { createRequire } from 'node:module';
import type * as OnnxRuntime from 'onnxruntime-node';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { refuseTelemetry } from '../../base/no-telemetry';
import { firstLine, UserError } from '../../base/user-error';

export type Runtime = typeof OnnxRuntime;

/** Loaded when first needed: the library takes time to load, and describing a file does without it. */
export function loadRuntime(): Runtime {
  refuseTelemetry();
  const runtime = createRequire(__filename)('onnxruntime-node') as Runtime;
  // What it says of errors is thrown as well.
  runtime.env.logLevel = 'fatal';
  return runtime;
}

/** @param model its bytes, or the path of its file */
export function newSession(
  runtime: Runtime,
  model: Uint8Array | string,
  options: InferenceSession.SessionOptions,
): Promise<InferenceSession> {
  const all: InferenceSession.SessionOptions = {
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 4,
    ...options,
  };
  const { InferenceSession: sessions } = runtime;
  return typeof model === 'string' ? sessions.create(model, all) : sessions.create(model, all);
}

/** A session on a file of the user's, or on a part of it. */
export interface FileSession {
  session: InferenceSession;
  /** A tensor of float32, or of float64 where the file wants that. */
  tensor(data: Float32Array, shape: readonly number[], double?: boolean): Tensor;
  /** @throws UserError when it fails */
  run(feeds: Record<string, Tensor>): Promise<InferenceSession.OnnxValueMapType>;
}

/** What to do about the failures that exporters are known for. */
function adviceOn(what: 'load' | 'run', why: string): string {
  if (/Could not find an implementation/.test(why))
    return '. It computes few operators in float64: export the model as float32 (model.float()).';
  if (what === 'run' && /Reshape|Broadcast|Scatter|Expand|dimension/i.test(why))
    return (
      '. Its sizes were fixed for the examples that it was exported with. Export it so that it takes any number, with values ' +
      'inside and outside of its splines, or say its number of examples in FILE.flowscope.json: {"onnx": {"batch": 8}}.'
    );
  return '';
}

/** It takes the transpose of a matrix into its product with a vector and computes another product, as of ONNX Runtime 1.30. */
const withoutWrongFusion = { optimization: { disable_specified_optimizers: 'MatmulTransposeFusion' } };

/**
 * @param file named in messages
 * @throws UserError when ONNX Runtime cannot load it
 */
export async function openFileSession(
  file: string,
  model: Uint8Array | string,
  options: InferenceSession.SessionOptions,
): Promise<FileSession> {
  const runtime = loadRuntime();
  const failed = (what: 'load' | 'run') => (error: unknown) => {
    // It names the file once more.
    const why = firstLine(error).replace(/^Load model from .* failed:\s*/, '');
    throw new UserError(`${file}: ONNX Runtime cannot ${what} it: ${why}${adviceOn(what, why)}`, {
      cause: error,
    });
  };
  const session = await newSession(runtime, model, { ...options, extra: withoutWrongFusion }).catch(
    failed('load'),
  );
  return {
    session,
    tensor: (data, shape, double = false) =>
      double
        ? new runtime.Tensor('float64', Float64Array.from(data), shape)
        : new runtime.Tensor('float32', data, shape),
    run: (feeds) => endable(() => session.run(feeds)).catch(failed('run')),
  };
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * While such code holds the thread, what listens for a signal is not called, and the process could not be ended with Ctrl-C. So
 * the listeners are put aside until `work` is done: a signal ends the process at once, as the system does by default.
 */
async function endable<T>(work: () => Promise<T>): Promise<T> {
  const aside = signals.flatMap((name) => process.listeners(name).map((listener) => ({ name, listener })));
  for (const { name, listener } of aside) process.off(name, listener);
  try {
    return await work();
  } finally {
    for (const { name, listener } of aside) process.on(name, listener);
  }
}
