/** Graphs that look inside one layer: feature maps, what arrives at norms, and its Jacobian. */
import * as tf from '@tensorflow/tfjs-core';
import { range } from '../../../base/order';
import { UserError } from '../../../base/user-error';
import { movedPositions } from '../../../flow/core/batch-statistics';
import type { Bijection, FlowContext } from '../../../flow/core/bijection';
import type { Mask } from '../../../flow/core/masks';
import type { NormOptions } from '../../../flow/core/spec';
import { alongLines, isMatched } from '../../../flow/matching';
import { maskTensors, take } from '../../../flow/core/tensors';
import type { Graph } from '../../../graph/ir';
import { knotParts } from '../../../protocol/spline';
import { removeDeadCode } from '../../../graph/passes/pass';
import { anyBatch, type InputSpec, type TensorMap } from '../../../graph/trace/trace';
import {
  contextInputs,
  exampleInputs,
  forwardFromData,
  storedTensors,
  traceFlow,
  graphContext,
} from '../../model/flow-graphs';
import type { FlowModel } from '../../model/flow-model';
import type { InspectedLayer, PassMode, ContextReaders } from '../../model/inspected-flow';
import type { ModelLayer } from '../../model/layer-list';
import { firstExample } from '../pass-graph';
import { sizeOf } from '../../../base/shape';

const featuresEnd = '/features';
const normedEnd = '/normed';

function within({ info }: ModelLayer, tap: string, end: string): boolean {
  return tap.startsWith(`${info.name}.`) && tap.endsWith(end);
}

/** Taps of the layer by their names without the ending, in forward order. */
function tapped(layer: ModelLayer, taps: TensorMap, end: string): [string, tf.Tensor][] {
  return Object.entries(taps).flatMap(([tap, value]) =>
    within(layer, tap, end) || tap === `${layer.info.name}${end}`
      ? [[tap.slice(0, -end.length), value] as [string, tf.Tensor]]
      : [],
  );
}

/** A layer's input h [rows, …], and the context that its conditioner sees. */
function layerInputs({ flow }: FlowModel, bijection: Bijection, rows: number): InputSpec[] {
  return [
    // What encodes a context belongs to the flow and to no layer.
    ...(flow.context ? storedTensors(flow.context) : []),
    ...storedTensors(bijection),
    ...storedTensors({ parameters: bijection.shared ?? [], state: [] }),
    { name: 'h', shape: [rows, ...bijection.inputShape] },
    ...contextInputs(flow, rows),
  ];
}

/** Names of feature maps with their shapes, and of norms. A norm may be the layer itself. */
export function innerNames(
  model: FlowModel,
  layer: ModelLayer,
): { stages: { name: string; shape: number[] }[]; norms: string[] } {
  const { bijection } = layer;
  if (!bijection || !layer.flow) return { stages: [], norms: [] };
  const names: ReturnType<typeof innerNames> = { stages: [], norms: [] };
  traceFlow(
    { ...model, batch: 1, tapFilter: () => true },
    layerInputs(model, bijection, 1),
    (ctx, inputs) => {
      const { value } = bijection.forward(ctx, inputs.h!);
      names.stages = tapped(layer, ctx.taps, featuresEnd).map(([name, tap]) => ({
        name,
        shape: tap.shape.slice(1),
      }));
      names.norms = tapped(layer, ctx.taps, normedEnd).map(([name]) => name);
      return { value };
    },
  );
  return names;
}

/** x [N, …] in data units → `h` [N, …], the input of the layer, in evaluation mode. */
export function inputsGraph(model: FlowModel, { taps }: ModelLayer): Graph {
  const tapFilter = (tap: string): boolean => tap === taps.input;
  const graph = traceFlow({ ...model, tapFilter }, exampleInputs(model.flow), (ctx, inputs) => {
    forwardFromData(model, ctx, inputs.x!);
    return { h: ctx.taps[taps.input]! };
  });
  // Layers behind this one and their weights.
  return removeDeadCode(graph);
}

/** The features of a vector layer that it maps, ascending. */
export function mappedFeatures({ info, flow }: InspectedLayer): number[] {
  return range(info.inputShape[0]!).filter((i) => flow?.mask?.data[i] !== 1);
}

/** The layer's input h [N, D] → `x`, `y` and `slopes` of the knots of its splines, [N·k, K + 1] of the k mapped features. */
export function knotsGraph(model: FlowModel, layer: ModelLayer): Graph {
  const start = `${layer.info.name}/knots.`;
  const mapped = mappedFeatures(layer);
  const bijection = layer.bijection!;
  const traced = { ...model, tapFilter: (tap: string): boolean => tap.startsWith(start) };
  return traceFlow(traced, layerInputs(model, bijection, anyBatch), (ctx, inputs) => {
    bijection.forward(ctx, inputs.h!);
    // Networks answer for all features, or only for those that are mapped.
    const ofMapped = (knots: tf.Tensor): tf.Tensor =>
      tf.reshape(knots.shape[1] === mapped.length ? knots : take(knots, mapped, 1), [
        -1,
        knots.shape.at(-1)!,
      ]);
    return Object.fromEntries(knotParts.map((part) => [part, ofMapped(ctx.taps[`${start}${part}`]!)]));
  });
}

/**
 * The layer's input h [N, D] and `at` [k, P], P values of each mapped feature → `y` and `logDerivative` [N·k, P] of the maps that
 * it makes of each example.
 */
export function curveGraph(model: FlowModel, layer: ModelLayer, places: number): Graph {
  const mapped = mappedFeatures(layer);
  const size = layer.info.inputShape[0]!;
  const rowOfFeature = Array.from({ length: size }, (_, i) => Math.max(0, mapped.indexOf(i)));
  const inputs = [
    ...layerInputs(model, layer.bijection!, anyBatch),
    { name: 'at', shape: [mapped.length, places] },
  ];
  return traceFlow(model, inputs, (ctx, { h, at }) => {
    const one = tf.expandDims(take(tf.transpose(at!), rowOfFeature, 1), 0);
    const all = tf.reshape(tf.broadcastTo(one, [h!.shape[0], places, size]), [-1, size]);
    const { value, logDerivative } = layer.bijection!.curve!(ctx, h!, all);
    const curves = (values: tf.Tensor): tf.Tensor =>
      tf.reshape(tf.transpose(tf.reshape(take(values, mapped, 1), [-1, places, mapped.length]), [0, 2, 1]), [
        -1,
        places,
      ]);
    return { y: curves(value), logDerivative: curves(logDerivative) };
  });
}

/**
 * The input h [N, D] of a slice → `velocity` [N, D], dx/dt where it begins, and `rate` [N]: the nats that a unit of time
 * toward the noise adds to log p(x).
 */
export function velocityGraph(model: FlowModel, { bijection }: ModelLayer): Graph {
  const { from, to, at } = bijection!.slice!;
  return traceFlow(model, layerInputs(model, bijection!, anyBatch), (ctx, { h }) => {
    const { value, divergence } = at(ctx, h!, from);
    return { velocity: value, rate: tf.broadcastTo(tf.mul(divergence, Math.sign(to - from)), [h!.shape[0]]) };
  });
}

/**
 * x [N, D] in data units, `noise` [N, D] and `share` [N, 1] → what `alongLines` gives of them.
 * @throws UserError for a flow that was not trained on such lines
 */
export function linesGraph(model: FlowModel): Graph {
  const { flow, preprocess } = model;
  const { pairs } = model.header.config.training;
  if (!isMatched(flow))
    throw new UserError(
      'Lines from data to noise are those of flow matching; this flow is trained otherwise.',
    );
  if (pairs !== 'random')
    throw new UserError(
      `The loss over time is known for flows whose examples are paired with noise at random; this one was trained with "pairs": "${pairs}".`,
    );
  const { inputShape: shape } = flow;
  const ports = [
    ...exampleInputs(flow),
    { name: 'noise', shape: [anyBatch, ...shape] },
    { name: 'share', shape: [anyBatch, 1] },
  ];
  return traceFlow(model, ports, (ctx, inputs) => alongLines(flow, preprocess, ctx, inputs));
}

/** The layer's input h [1, …] → its feature maps [1, …] by the names of their stages. */
export function featureGraph(model: FlowModel, layer: ModelLayer): Graph {
  const bijection = layer.bijection!;
  const tapFilter = (tap: string): boolean => within(layer, tap, featuresEnd);
  return traceFlow({ ...model, batch: 1, tapFilter }, layerInputs(model, bijection, 1), (ctx, inputs) => {
    bijection.forward(ctx, inputs.h!);
    return Object.fromEntries(tapped(layer, ctx.taps, featuresEnd));
  });
}

/**
 * x [N, …] in data units → of the layer, as outputs named `KIND:NAME`:
 * - `mean`, `variance` [N, C]: of what arrives at each norm, of each example by itself;
 * - `low`, `high` [N, C]: least and largest value of each feature map;
 * - `first` [1, …]: the feature maps of the first example.
 */
export function activityGraph(model: FlowModel, layer: ModelLayer, mode: PassMode): Graph {
  const { flow, config } = model;
  const training = mode.kind === 'train';
  const batch = training ? mode.batch : anyBatch;
  const tapFilter = (tap: string): boolean => tap.startsWith(layer.info.name);
  const traced = { ...model, batch, training, tapFilter };
  const graph = traceFlow(traced, exampleInputs(flow, 'x', batch), (ctx, inputs) => {
    forwardFromData(model, ctx, inputs.x!);
    const results: TensorMap = {};
    for (const [name, x] of tapped(layer, ctx.taps, normedEnd)) {
      const mask = layer.flow?.mask;
      // The norm on the flow's path; it has a mask where it sees more than what moves.
      const masked = name === `${layer.info.name}.norm` && mask?.shape.join() === x.shape.slice(1).join();
      Object.assign(results, momentsPerExample(name, x, masked ? mask : undefined, config.normOver));
    }
    for (const [name, x] of tapped(layer, ctx.taps, featuresEnd)) {
      const axes = placeAxes(x);
      results[`low:${name}`] = axes.length ? tf.min(x, axes) : x;
      results[`high:${name}`] = axes.length ? tf.max(x, axes) : x;
      results[`first:${name}`] = firstExample(x);
    }
    return results;
  });
  // Layers behind this one and their weights.
  return removeDeadCode(graph);
}

const placeAxes = (x: tf.Tensor): number[] => x.shape.slice(1, -1).map((_, i) => i + 1);

/**
 * Mean and variance over the places of each example, [N, C]; equal examples make the batch's of them.
 * @param mask where elements that pass leave the statistics, or count as zeros in them
 */
function momentsPerExample(
  name: string,
  x: tf.Tensor,
  mask: Mask | undefined,
  over: NormOptions['over'],
): TensorMap {
  const axes = placeAxes(x);
  const shape = x.shape.slice(1);
  const moves = mask && maskTensors(mask).moves;
  const seen = moves && over === 'moved-with-zeros' ? tf.mul(x, moves) : x;
  const counts = movedPositions(shape, over === 'moved' ? mask : undefined);
  const share = tf.div(moves && over === 'moved' ? moves : 1, tf.tensor1d(counts.map((n) => Math.max(n, 1))));
  const average = (values: tf.Tensor): tf.Tensor => {
    const shares = tf.mul(values, share);
    return axes.length ? tf.sum(shares, axes) : shares;
  };
  const mean = average(seen);
  const perPlace = tf.reshape(mean, [-1, ...axes.map(() => 1), shape.at(-1)!]);
  return { [`mean:${name}`]: mean, [`variance:${name}`]: average(tf.square(tf.sub(seen, perPlace))) };
}

/** h [k, …], the layer's input k times, and dy [k, …] → dx [k, …]: each dy by ∂y/∂x, in evaluation mode. */
export function jacobianGraph(model: FlowModel, layer: ModelLayer, rows: number): Graph {
  const bijection = layer.bijection!;
  const inputs = [
    ...layerInputs(model, bijection, rows),
    { name: 'dy', shape: [rows, ...bijection.outputShape] },
  ];
  return traceFlow({ ...model, batch: rows }, inputs, (ctx, { h, dy }) => ({
    dx: tf.grad((x) => bijection.forward(ctx, x).value)(h!, dy),
  }));
}

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
  return { layers: layers.map(({ info }) => readers.has(String(info.index))), prior: readers.has('prior') };
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
  return traceFlow({ ...model, tapFilter: (tap) => taps.has(tap) }, ports, (ctx, inputs) => {
    const prepared = preprocess?.forward(ctx, inputs.x!).value ?? inputs.x!;
    flow.forward(ctx, prepared);
    const gradient = (of: (ctx: FlowContext) => tf.Tensor, shape: readonly number[]): tf.Tensor => {
      const size = sizeOf(shape);
      const chosen = size === model.dimensions ? inputs.dy! : tf.slice(inputs.dy!, [0, 0], [-1, size]);
      return tf.grad((context) => of(graphContext(model, { ...inputs, context })))(
        inputs.context!,
        tf.reshape(chosen, [-1, ...shape]),
      );
    };
    const ofLayers = reading.map(({ info, bijection, taps: { input } }) => [
      String(info.index),
      gradient((innerCtx) => bijection!.forward(innerCtx, ctx.taps[input]!).value, info.outputShape),
    ]);
    return {
      ...(Object.fromEntries(ofLayers) as TensorMap),
      flow: gradient((innerCtx) => flow.forward(innerCtx, prepared).value, flow.outputShape),
    };
  });
}
