/** Graphs of the way back from z: the value before each layer, and its error where the way there is known. */
import * as tf from '@tensorflow/tfjs-core';
import { unitAt, mapsOf } from '../../config/standardization';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Graph } from '../../graph/ir';
import type { TensorMap } from '../../graph/trace/trace';
import type { Feeds } from '../backends/backend';
import { exampleInputs, forwardFromData, graphContext, traceFlow } from '../model/flow-graphs';
import type { FlowModel } from '../model/flow-model';
import type { ModelLayer } from '../model/layer-list';

/** All axes but the first, which counts examples. */
export const axesOf = (x: Tensor): number[] => x.shape.slice(1).map((_, i) => i + 1);

/** Non-finite values of each example, [N]. */
export function countNonFinite(x: Tensor): Tensor {
  return tf.sum(tf.sub(1, tf.cast(tf.isFinite(x), 'float32')), axesOf(x));
}

const backTap = (name: string): string => `${name}/inverse.x`;

/** Inverts z tapping the input of every layer, by index. */
function wayBack(model: FlowModel, inputs: TensorMap, z: Tensor): Map<number, Tensor> {
  const { flow, preprocess, layers } = model;
  const ctx = graphContext(model, inputs, { wanted: (tap) => tap.endsWith('/inverse.x') });
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
  const wanted = (tap: string): boolean => tap.endsWith('/x');
  return traceFlow({ ...model, wanted }, exampleInputs(model.flow), (ctx, inputs) => {
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
export function errorAt(
  { header, flow, preprocess }: FlowModel,
  layer: string,
  x: Tensor,
  back: Tensor,
): Tensor {
  const error = tf.abs(tf.sub(x, back));
  const fitted = preprocess?.name === layer ? header.standardize : undefined;
  if (!fitted) return error;
  const std = fitted.std.slice(0, flow.inputShape[0]);
  const deviations = tf.tensor1d(std);
  const maps = mapsOf(fitted);
  if (!maps) return tf.div(error, deviations);
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
