/** The graph of a flow whose layers can be moved behind: what a small change of one layer would do to log q. */
import * as tf from '@tensorflow/tfjs-core';
import type { Bijection } from '../../flow/core/bijection';
import type { Graph } from '../../graph/ir';
import { anyBatch, type TensorMap } from '../../graph/trace/trace';
import { contextInputs, storedTensors, traceFlow } from '../model/flow-graphs';
import type { FlowModel } from '../model/flow-model';

/**
 * x [N, D] in data units and `move:L` [N, D], added to what layer L gives → `logQ` [N], nats, without what the moves themselves stretch;
 * `value:L` [N, D], what the layer gives before it is moved; `slope:L` [N, D], the gradient of `logQ` by the move.
 * @param maps of all layers @param moved layers that can be moved
 */
export function movedGraph(model: FlowModel, maps: readonly Bijection[], moved: readonly number[]): Graph {
  const { flow, dimensions } = model;
  const named = (name: string) => ({ name, shape: [anyBatch, dimensions] });
  const inputs = [
    ...storedTensors(flow),
    ...[named('x'), ...moved.map((layer) => named(`move:${layer}`))],
    ...contextInputs(flow),
  ];
  return traceFlow(model, inputs, (ctx, tensors) => {
    const values = new Map<number, tf.Tensor>();
    const logQ = (...moves: tf.Tensor[]): tf.Tensor => {
      let value = tensors.x!;
      let sum: tf.Tensor = tf.scalar(0);
      for (const [layer, map] of maps.entries()) {
        const step = map.forward(ctx, value);
        value = step.value;
        sum = tf.add(sum, step.logDet);
        values.set(layer, value);
        const at = moved.indexOf(layer);
        if (at >= 0) value = tf.add(value, moves[at]!);
      }
      return tf.add(flow.base.logProb(ctx, value), sum);
    };
    const moves = moved.map((layer) => tensors[`move:${layer}`]!);
    const total = logQ(...moves);
    const outputs: TensorMap = { logQ: total };
    for (const layer of moved) outputs[`value:${layer}`] = values.get(layer)!;
    const slopes = tf.grads(logQ)(moves);
    for (const [i, layer] of moved.entries()) outputs[`slope:${layer}`] = slopes[i]!;
    return outputs;
  });
}
