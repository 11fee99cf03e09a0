/** Graphs of how a conditional flow depends on its context. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { sizeOf } from '../../../base/shape';
import type { FlowContext } from '../../../flow/core/bijection';
import type { Graph } from '../../../graph/ir';
import { anyBatch, type TensorMap } from '../../../graph/trace/trace';
import { contextInputs, graphContext, storedTensors, traceFlow } from '../../model/flow-graphs';
import type { FlowModel } from '../../model/flow-model';
import type { ContextReaders } from '../../model/inspected-flow';

/** What the context is an input of: found in the graph, since a gradient that is zero would not tell. */
export function contextReaders(model: FlowModel): ContextReaders {
  const { flow, layers } = model;
  const maps = layers.flatMap(({ info, bijection }) => (bijection ? [{ info, bijection }] : []));
  const ports = [
    ...storedTensors(flow),
    ...maps.map(({ info }) => ({ name: `h${info.index}`, shape: [anyBatch, ...info.inputShape] })),
    { name: 'z', shape: [anyBatch, ...flow.outputShape] },
    ...contextInputs(flow),
  ];
  const graph = traceFlow(model, ports, (ctx, inputs) => {
    const outputs = maps.map(({ info, bijection }) => [
      String(info.index),
      bijection.forward(ctx, inputs[`h${info.index}`]!).value,
    ]);
    return { ...(Object.fromEntries(outputs) as TensorMap), prior: flow.base.logProb(ctx, inputs.z!) };
  });
  const reached = new Set(graph.inputs.flatMap(({ name, value }) => (name === 'context' ? [value] : [])));
  for (const { inputs, outputs } of graph.nodes)
    if (inputs.some((id) => reached.has(id))) for (const id of outputs) reached.add(id);
  const readers = new Set(graph.outputs.flatMap(({ name, value }) => (reached.has(value) ? [name] : [])));
  return {
    layers: layers.map(({ info }) => readers.has(String(info.index))),
    prior: readers.has('prior'),
  };
}

/**
 * x [N, …] in data units, `context` [N, C] and dy [N, D] → `flow` and, by index, the layers that read the context, [N, C]:
 * each dy by ∂out/∂c in data units, in evaluation mode, the layer's input kept. A layer of fewer values takes the first
 * of dy. Some layer reads the context: every coupling and autoregressive layer does.
 */
export function contextGradientsGraph(model: FlowModel, readers: ContextReaders): Graph {
  const { flow, preprocess, layers } = model;
  const reading = layers.filter((_, i) => readers.layers[i]);
  const taps = new Set(reading.map(({ taps: { input } }) => input));
  const ports = [
    ...storedTensors(flow),
    { name: 'x', shape: [anyBatch, ...flow.inputShape] },
    { name: 'dy', shape: [anyBatch, model.dimensions] },
    ...contextInputs(flow),
  ];
  return traceFlow({ ...model, wanted: (tap) => taps.has(tap) }, ports, (ctx, inputs) => {
    const prepared = preprocess?.forward(ctx, inputs.x!).value ?? inputs.x!;
    flow.forward(ctx, prepared);
    const gradient = (of: (ctx: FlowContext) => Tensor, shape: readonly number[]): Tensor => {
      const size = sizeOf(shape);
      const chosen = size === model.dimensions ? inputs.dy! : tf.slice(inputs.dy!, [0, 0], [-1, size]);
      return tf.grad((context) => of(graphContext(model, { ...inputs, context })))(
        inputs.context!,
        tf.reshape(chosen, [-1, ...shape]),
      );
    };
    const ofLayers = reading.map(({ info, bijection, taps: { input } }) => [
      String(info.index),
      gradient((own) => bijection!.forward(own, ctx.taps[input]!).value, info.outputShape),
    ]);
    return {
      ...(Object.fromEntries(ofLayers) as TensorMap),
      flow: gradient((own) => flow.forward(own, prepared).value, flow.outputShape),
    };
  });
}
