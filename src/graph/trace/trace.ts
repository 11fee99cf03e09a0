/** Records what a function over TensorFlow.js ops computes, as a graph. */
import * as tf from '@tensorflow/tfjs-core';
import { UserError } from '../../base/user-error';
import { hearNames } from '../../flow/core/scope';
import { callerLine } from './caller';
import { type DType, type Graph, Recorder } from '../ir';
import { recordInto, tensorOf, valueOf } from './meta-backend';

/**
 * The batch size that stands for "any": a large prime, so that a dimension which is a multiple of it can have come from
 * the batch only. Tracing costs nothing by size, since nothing is computed.
 */
export const anyBatch = 7919;

export interface InputSpec {
  name: string;
  shape: readonly number[];
  dtype?: DType;
}

export type TensorMap = Record<string, tf.Tensor>;

/**
 * Calls `fn` once on stand-ins for its inputs and returns the graph of what it computed, nothing removed.
 *
 * With `dynamicBatch` (use `anyBatch`), that number in an input shape means any batch size. The function must not turn
 * the batch size into a value; the gradients of TensorFlow.js do (mean), so trace training with a fixed batch.
 *
 * @throws UserError when the function reads values, draws random numbers or calls a kernel that cannot be traced.
 */
export function trace(
  fn: (inputs: TensorMap) => TensorMap,
  inputs: readonly InputSpec[],
  options: { dynamicBatch?: number } = {},
): Graph {
  const recorder = new Recorder(options.dynamicBatch);
  return recordInto(recorder, () => {
    const ports = inputs.map(({ name, shape, dtype = 'float32' }) => ({
      name,
      value: recorder.addValue({ shape, dtype }),
    }));
    const engine = tf.engine();
    engine.startScope('trace');
    try {
      const tensors = ports.map(({ name, value }) => [name, tensorOf(recorder, value)] as const);
      const results = hearNames(
        (name, tensor) => recorder.valueNames.set(valueOf(recorder, tensor).id, name),
        () => explain(() => fn(Object.fromEntries(tensors))),
      );
      if (recorder.refusal) throw recorder.refusal;
      const outputs = Object.entries(results).map(([name, tensor]) => ({
        name,
        value: valueOf(recorder, tensor).id,
      }));
      return { ...recorder.graph(ports, outputs), valueNames: recorder.valueNames };
    } finally {
      engine.endScope();
    }
  });
}

function explain<T>(fn: () => T): T {
  const limit = Error.stackTraceLimit;
  // The caller's line is often far from where TensorFlow.js fails.
  Error.stackTraceLimit = 50;
  try {
    return fn();
  } catch (error) {
    const missing = /Kernel '(\w+)' not registered/.exec((error as Error).message)?.[1];
    if (!missing) throw error;
    throw new UserError(
      `The TensorFlow.js kernel ${missing} cannot be traced${callerLine((error as Error).stack)}. Use operations that ` +
        'Flowscope knows, or add a rule for it to src/graph/kernels.',
      { cause: error },
    );
  } finally {
    Error.stackTraceLimit = limit;
  }
}
