/** One graph that answers most of what the inspector asks about a batch, and what its outputs say. */
import * as tf from '@tensorflow/tfjs-core';
import type { Graph } from '../../graph/ir';
import { anyBatch, type TensorMap } from '../../graph/trace/trace';
import type { NdArray } from '../../protocol/tensors';
import type { Feeds } from '../backends/backend';
import { exampleInputs, forwardFromData, graphContext, traceFlow } from '../model/flow-graphs';
import type { FlowModel } from '../model/flow-model';
import type { PassMode, LayerRecord, PassRecord, Values } from '../model/inspected-flow';
import type { ModelLayer } from '../model/layer-list';
import { unitAt, mapsOf } from '../../config/standardization';

/** The first example alone: [1, …]. */
export function firstExample(x: tf.Tensor): tf.Tensor {
  return tf.slice(
    x,
    x.shape.map(() => 0),
    [1, ...x.shape.slice(1)],
  );
}

type Part =
  | 'input'
  | 'output'
  | 'factored'
  | 'own'
  | 'norm'
  | 'elements'
  | 'elementSum'
  | 'nonFinite'
  | 'roundTrip'
  | 'roundTripNonFinite'
  | 'mean'
  | 'variance';
type QuantityPart = 'first' | 'largest' | 'bad';

/** Names of the graph's outputs for a layer, and for each quantity that it declares. */
function namesOf({ info: { index, quantities = [] } }: ModelLayer) {
  return {
    at: (part: Part) => `${index}:${part}`,
    quantities: quantities.map((quantity) => ({
      ...quantity,
      at: (part: QuantityPart) => `${index}:${quantity.name}:${part}`,
    })),
  };
}

/** x [N, …] in data units and `weight` [N] → what `readPass` makes a record of. */
export function passGraph(model: FlowModel, mode: PassMode): Graph {
  const { flow, layers } = model;
  const training = mode.kind === 'train';
  const batch = training ? mode.batch : anyBatch;
  const undoes = mode.kind === 'eval' && mode.roundTrips;
  const tapFilter = (tap: string): boolean => !tap.endsWith('/features');
  const ports = [...exampleInputs(flow, 'x', batch), { name: 'weight', shape: [batch] }];
  return traceFlow({ ...model, batch, training, tapFilter }, ports, (ctx, inputs) => {
    const weight = inputs.weight!;
    const z = forwardFromData(model, ctx, inputs.x!);
    const results: TensorMap = { z, prior: flow.base.logProb(ctx, z) };
    for (const layer of layers) {
      const { info, bijection, taps } = layer;
      const { at, quantities } = namesOf(layer);
      const tap = (part: string): tf.Tensor | undefined => ctx.taps[`${info.name}${part}`];
      const from = ctx.taps[taps.input]!;
      const to = ctx.taps[taps.output]!;
      results[at('input')] = firstExample(from);
      results[at('output')] = firstExample(to);
      results[at('nonFinite')] = countNonFinite(to);
      const factored = tap('/factored');
      if (factored) results[at('factored')] = firstExample(factored);
      const norm = tap('/logDet.norm');
      // A layer that says nothing of a norm is all its own; one that only moves values has no log-det.
      const layerLogDet = tap('/logDet.coupling') ?? (norm || !bijection ? undefined : tap('/logDet'));
      if (layerLogDet) results[at('own')] = layerLogDet;
      const elements = tap('/logDet.elements');
      if (elements) {
        results[at('elements')] = firstExample(elements);
        const weights = tf.reshape(weight, [-1, ...elements.shape.slice(1).map(() => 1)]);
        results[at('elementSum')] = tf.sum(tf.mul(elements, weights), 0);
      }
      for (const quantity of quantities) {
        const value = tap(`/${quantity.name}`)!;
        results[quantity.at('first')] = firstExample(value);
        results[quantity.at('largest')] = tf.max(value, axesOf(value));
        results[quantity.at('bad')] = countNonFinite(value);
      }
      if (norm) {
        results[at('norm')] = norm;
        // A norm inside a coupling, or a layer of its own; learned scales have no statistics.
        const mean = tap('.norm/mean') ?? tap('/mean');
        const variance = tap('.norm/variance') ?? tap('/variance');
        if (mean && variance) Object.assign(results, { [at('mean')]: mean, [at('variance')]: variance });
      }
      if (undoes && bijection) {
        const back = bijection.inverse(graphContext(model, inputs), to).value;
        const difference = errorAt(model, info.name, from, back);
        results[at('roundTrip')] = tf.max(difference, axesOf(difference));
        results[at('roundTripNonFinite')] = countNonFinite(difference);
      }
    }
    return results;
  });
}

/** What the outputs of `passGraph` say of `count` examples. */
export function readPass(layers: readonly ModelLayer[], results: Feeds, count: number): PassRecord {
  const floats = (array: NdArray): Float32Array => array.data as Float32Array;
  /** [N]; a scalar holds for all, and what is absent is 0. */
  const perExample = (name: string): Float32Array => {
    const value = results[name];
    if (!value) return new Float32Array(count);
    return value.shape.length > 0 ? floats(value) : new Float32Array(count).fill(floats(value)[0]!);
  };
  const firstOf = (name: string): Values | undefined => {
    const value = results[name];
    return value && { shape: value.shape.slice(1), data: floats(value) };
  };
  return {
    z: floats(results['z']!),
    prior: perExample('prior'),
    layers: layers.map((layer): LayerRecord => {
      const { at, quantities } = namesOf(layer);
      const factored = firstOf(at('factored'));
      const elements = firstOf(at('elements'));
      const sum = results[at('elementSum')];
      const [mean, variance] = [results[at('mean')], results[at('variance')]];
      const bad = results[at('roundTripNonFinite')];
      return {
        input: firstOf(at('input'))!,
        output: firstOf(at('output'))!,
        ...(factored ? { factored } : {}),
        logDet: { layer: perExample(at('own')), norm: perExample(at('norm')) },
        ...(elements &&
          sum && { elements: { first: elements, sum: { shape: [...sum.shape], data: floats(sum) } } }),
        nonFinite: perExample(at('nonFinite')),
        ...(bad && {
          roundTrip: perExample(at('roundTrip')).map((value, i) => (bad.data[i]! > 0 ? NaN : value)),
        }),
        quantities: quantities.map((quantity) => ({
          name: quantity.name,
          role: quantity.role,
          first: firstOf(quantity.at('first'))!,
          largest: perExample(quantity.at('largest')),
          nonFinite: perExample(quantity.at('bad')),
        })),
        ...(mean && variance ? { norm: { mean: floats(mean), variance: floats(variance) } } : {}),
      };
    }),
  };
}

/** All axes but the first, which counts examples. */
export const axesOf = (x: tf.Tensor): number[] => x.shape.slice(1).map((_, i) => i + 1);

/** Non-finite values of each example, [N]. */
function countNonFinite(x: tf.Tensor): tf.Tensor {
  return tf.sum(tf.sub(1, tf.cast(tf.isFinite(x), 'float32')), axesOf(x));
}

const backTap = (name: string): string => `${name}/inverse.x`;

/** Inverts z tapping the input of every layer, by index. */
function wayBack(model: FlowModel, inputs: TensorMap, z: tf.Tensor): Map<number, tf.Tensor> {
  const { flow, preprocess, layers } = model;
  const ctx = graphContext(model, inputs, { tapFilter: (tap) => tap.endsWith('/inverse.x') });
  const x = flow.inverse(ctx, z).value;
  if (preprocess) ctx.taps[backTap(preprocess.name)] = preprocess.inverse(ctx, x).value;
  return new Map(layers.map(({ info }) => [info.index, ctx.taps[backTap(info.name)]!]));
}

/** z [N, …] → `L` [N, …]: the input of the layer of index L on the way back. */
export function wayGraph(model: FlowModel): Graph {
  return traceFlow(model, exampleInputs(model.flow, 'z'), (_, inputs) =>
    Object.fromEntries([...wayBack(model, inputs, inputs.z!)].map(([index, x]) => [String(index), x])),
  );
}

/** x [N, …] in data units → |x_L − x̂_L| at the input of each layer when the whole inverse starts at z; see `readWayError`. */
export function wayErrorGraph(model: FlowModel): Graph {
  const tapFilter = (tap: string): boolean => tap.endsWith('/x');
  return traceFlow({ ...model, tapFilter }, exampleInputs(model.flow), (ctx, inputs) => {
    const back = wayBack(model, inputs, forwardFromData(model, ctx, inputs.x!));
    const results: TensorMap = {};
    for (const { info, taps } of model.layers) {
      const difference = errorAt(model, info.name, ctx.taps[taps.input]!, back.get(info.index)!);
      results[`${info.index}:largest`] = tf.max(difference, axesOf(difference));
      results[`${info.index}:nonFinite`] = countNonFinite(difference);
    }
    return results;
  });
}

/** |x − x̂| at the input of a layer; of data in units of their own, in deviations of each feature. */
function errorAt(
  { header, flow, preprocess }: FlowModel,
  layer: string,
  x: tf.Tensor,
  back: tf.Tensor,
): tf.Tensor {
  const distance = tf.abs(tf.sub(x, back));
  const fitted = preprocess?.name === layer ? header.standardize : undefined;
  if (!fitted) return distance;
  const std = fitted.std.slice(0, flow.inputShape[0]);
  const deviations = tf.tensor1d(std);
  const maps = mapsOf(fitted);
  if (!maps) return tf.div(distance, deviations);
  // On a circle the shorter way: what is next to a bound may come back next to the other.
  const periods = maps.map((map) => (map?.cut === undefined ? Infinity : map.high - map.low));
  const error = periods.every((period) => period === Infinity)
    ? distance
    : tf.minimum(distance, tf.abs(tf.sub(tf.tensor1d(periods), distance)));
  // A unit of what a map gives is that of `unitAt`: a straight line over x.
  const line = std.map((_, d) => {
    const map = maps[d];
    return map ? [unitAt(map, 0), unitAt(map, 1) - unitAt(map, 0)] : [1, 0];
  });
  const unit = tf.add(
    tf.mul(x, tf.tensor1d(line.map(([, slope]) => slope!))),
    tf.tensor1d(line.map(([at]) => at!)),
  );
  return tf.div(error, tf.mul(tf.abs(unit), deviations));
}

/** By layer: the largest difference of each example, [N]; NaN where it is not finite. */
export function readWayError(layers: readonly ModelLayer[], results: Feeds): Float32Array[] {
  return layers.map(({ info: { index } }) => {
    const bad = results[`${index}:nonFinite`]!.data;
    return (results[`${index}:largest`]!.data as Float32Array).map((value, i) => (bad[i]! > 0 ? NaN : value));
  });
}
