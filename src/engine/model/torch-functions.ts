/** Functions over a flow, traced for any batch size to be printed as methods of a PyTorch module. */
import * as tf from '@tensorflow/tfjs-core';
import type { Flow } from '../../flow/built-flow';
import { wholeBatch } from '../../flow/core/whole-batch';
import { anyBatch, trace, type InputSpec, type TensorMap } from '../../graph/trace/trace';
import type { Direction, StoredTensor, TracedFunction } from '../../graph/torch/modules';
import { contextInputs, graphContext, storedTensors, type FlowParts } from './flow-graphs';

/** What the module holds. */
export function moduleTensors(flow: Flow): StoredTensor[] {
  return [
    ...flow.parameters.map(({ name, shape }) => ({ name, shape, trained: true })),
    ...flow.state.map(({ name, shape }) => ({ name, shape, trained: false })),
  ];
}

/** [N] from what may be one number for all examples of x. */
export function perExample(value: tf.Tensor, x: tf.Tensor): tf.Tensor {
  return value.shape.length > 0 ? value : tf.add(tf.zeros([x.shape[0]]), value);
}

/** @param inputs besides the stored tensors and the context */
export function tracedFunction(
  parts: FlowParts,
  { name, direction }: { name: string; direction: Direction },
  inputs: readonly InputSpec[],
  run: (ctx: ReturnType<typeof graphContext>, inputs: TensorMap) => TensorMap,
): TracedFunction {
  const training = direction === 'training_pass';
  const graph = trace(
    (tensors) => {
      const ctx = { ...graphContext(parts, tensors, { training }), wholePasses: true };
      return run(training ? { ...ctx, wholeBatch } : ctx, tensors);
    },
    [...storedTensors(parts.flow), ...inputs, ...contextInputs(parts.flow)],
    { dynamicBatch: anyBatch },
  );
  return { name, direction, graph };
}
