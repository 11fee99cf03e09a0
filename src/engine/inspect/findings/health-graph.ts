/** Graphs of what findings need beyond the views' own pass: extremes over a batch, and statistics that norms would use. */
import * as tf from '@tensorflow/tfjs-core';
import { range } from '../../../base/order';
import { sizeOf } from '../../../base/shape';
import { maskTensors, take } from '../../../flow/core/tensors';
import type { FlowLayer } from '../../../flow/built-flow';
import type { Graph } from '../../../graph/ir';
import type { TensorMap } from '../../../graph/trace/trace';
import { hasTails } from '../../../protocol/spline';
import type { Feeds } from '../../backends/backend';
import { exampleInputs, forwardFromData, traceFlow } from '../../model/flow-graphs';
import type { FlowModel } from '../../model/flow-model';
import type { Extremes, HealthRecord } from '../../model/inspected-flow';
import type { ModelLayer } from '../../model/layer-list';
import { axesOf } from '../pass-graph';
import { saturationLimit } from './thresholds';

/** Before the name of a layer of hidden units. */
const unit = 'unit:';

/** Whether the hidden units of a tap are zero for good once they never become positive. */
function isRelu(layers: readonly FlowLayer[], tap: string): boolean {
  const spec = layers.find(({ name }) => tap.startsWith(`${name}.`))?.spec;
  if (!spec || !('conditioner' in spec)) return false;
  const { net: most, shiftNet = most } = spec.conditioner;
  const net = tap.includes('.shiftNet.') ? shiftNet : most;
  if (net.kind === 'weightNormalized') return true;
  return (net.kind === 'channels' ? net.net : net).activation === 'relu';
}

/** x [N, …] in data units → what `readHealth` makes a record of. */
export function healthGraph(model: FlowModel): Graph {
  const { flow, layers } = model;
  const tapFilter = (tap: string): boolean => !tap.endsWith('/active') || isRelu(flow.layers, tap);
  return traceFlow({ ...model, tapFilter }, exampleInputs(flow), (ctx, inputs) => {
    forwardFromData(model, ctx, inputs.x!);
    const results: TensorMap = {};
    for (const { info, taps, flow: inFlow } of layers) {
      const at = (part: string): string => `${info.index}:${part}`;
      const input = ctx.taps[taps.input]!;
      results[at('low')] = tf.min(input, axesOf(input));
      results[at('high')] = tf.max(input, axesOf(input));
      if (info.spline && hasTails(info.spline)) {
        const { center, bound, ends } = info.spline;
        results[at('outside')] =
          ends === 'lines'
            ? outsideKnots(input, ctx.taps[`${info.name}/knots.x`]!, inFlow?.mask?.data)
            : counted(tf.greater(tf.abs(tf.sub(input, center)), bound));
      }
      for (const { name } of info.quantities ?? []) {
        const value = ctx.taps[`${info.name}/${name}`]!;
        results[at(`${name}:low`)] = tf.min(value, axesOf(value));
        results[at(`${name}:high`)] = tf.max(value, axesOf(value));
        results[at(`${name}:min`)] = tf.min(value, 0);
        results[at(`${name}:max`)] = tf.max(value, 0);
      }
      const u = ctx.taps[`${info.name}/u`];
      const limit = saturationLimit(inFlow?.spec);
      if (u && limit !== undefined) {
        const flat = tf.cast(tf.greater(tf.abs(u), limit), 'float32');
        const mask = inFlow?.mask;
        const inFullShape = mask && mask.shape.join() === u.shape.slice(1).join();
        const counted = inFullShape ? tf.mul(flat, maskTensors(mask).moves) : flat;
        results[at('saturated')] = tf.sum(counted, axesOf(counted));
      }
    }
    for (const [name, value] of Object.entries(ctx.taps)) {
      if (!name.endsWith('/active')) continue;
      const axes = value.shape.slice(0, -1).map((_, i) => i);
      results[`${unit}${name.slice(0, -'/active'.length)}`] = tf.max(value, axes);
    }
    return results;
  });
}

/** Number of examples for which it is true, for each element. */
const counted = (what: tf.Tensor): tf.Tensor => tf.sum(tf.cast(what, 'float32'), 0);

/**
 * Examples outside of the intervals of their own splines, for each element of the input.
 * @param knots [N, …, K + 1] of all elements, or of those alone that are mapped
 */
function outsideKnots(input: tf.Tensor, knots: tf.Tensor, mask: Float32Array | undefined): tf.Tensor {
  const shape = input.shape.slice(1);
  const size = sizeOf(shape);
  const points = knots.shape.at(-1)!;
  const mapped = range(size).filter((i) => mask?.[i] !== 1);
  const has = sizeOf(knots.shape.slice(1)) / points;
  const rows = has === size ? range(size) : mapped;
  const all = tf.reshape(input, [-1, size]);
  const values = rows.length === size ? all : take(all, rows, 1);
  const flat = tf.reshape(knots, [-1, has, points]);
  const edge = (at: number): tf.Tensor => tf.reshape(tf.slice(flat, [0, 0, at], [-1, has, 1]), [-1, has]);
  const outside = counted(tf.logicalOr(tf.less(values, edge(0)), tf.greater(values, edge(points - 1))));
  if (rows.length === size) return tf.reshape(outside, shape);
  const places = new Float32Array(has * size);
  rows.forEach((element, row) => (places[row * size + element] = 1));
  const spread = tf.matMul(tf.reshape(outside, [1, has]), tf.tensor2d(places, [has, size]));
  return tf.reshape(spread, shape);
}

/** What the outputs of `healthGraph` say. */
export function readHealth(layers: readonly ModelLayer[], results: Feeds): HealthRecord {
  const floats = (name: string): Float32Array => results[name]!.data as Float32Array;
  return {
    layers: layers.map(({ info: { index, quantities = [] } }) => {
      const extremes = (low: string, high: string): Extremes => ({
        low: floats(`${index}:${low}`),
        high: floats(`${index}:${high}`),
      });
      return {
        input: extremes('low', 'high'),
        quantities: quantities.map((quantity) => ({
          ...quantity,
          perExample: extremes(`${quantity.name}:low`, `${quantity.name}:high`),
          perElement: extremes(`${quantity.name}:min`, `${quantity.name}:max`),
        })),
        ...(results[`${index}:outside`] ? { outside: floats(`${index}:outside`) } : {}),
        ...(results[`${index}:saturated`] ? { saturated: floats(`${index}:saturated`) } : {}),
      };
    }),
    units: new Map(
      Object.keys(results).flatMap((name) =>
        name.startsWith(unit) ? [[name.slice(unit.length), floats(name)] as const] : [],
      ),
    ),
  };
}

/**
 * x [batch, …] in data units → `NAME:mean` and `NAME:variance` [C] (biased): of what each batch norm sees when all norms
 * before it use the batch's own statistics, as in training. NAME is the prefix of the norm's running statistics.
 */
export function normStatisticsGraph(model: FlowModel, batch: number): Graph {
  const mean = '/batchMean';
  const tapFilter = (tap: string): boolean => /\/batch(Mean|Variance)$/.test(tap);
  const traced = { ...model, batch, training: true, tapFilter };
  return traceFlow(traced, exampleInputs(model.flow, 'x', batch), (ctx, inputs) => {
    forwardFromData(model, ctx, inputs.x!);
    const names = Object.keys(ctx.taps).flatMap((tap) =>
      tap.endsWith(mean) ? [tap.slice(0, -mean.length)] : [],
    );
    return Object.fromEntries(
      names.flatMap((name): [string, tf.Tensor][] => [
        [`${name}:mean`, ctx.taps[`${name}${mean}`]!],
        [`${name}:variance`, ctx.taps[`${name}/batchVariance`]!],
      ]),
    );
  });
}
