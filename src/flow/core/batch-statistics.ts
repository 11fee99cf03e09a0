/**
 * Mean and variance that batch normalization in the flow works with. In evaluation they are the running ones. In
 * training they are the batch's (biased variance), or the running average with the batch's share already in it: then
 * gradients flow through that share only, since running statistics are not parameters (paper, appendix E). Either way
 * they are the statistics of the map that is applied, so its log-det comes from them.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { FlowContext, StateSpec } from './bijection';
import type { Mask } from './masks';
import type { NormOptions } from './spec';
import { sizeOf } from '../../base/shape';
import { channelAxes, maskTensors, meanOver, sumOver } from './tensors';

export interface Statistics {
  mean: tf.Tensor;
  variance: tf.Tensor;
}

export function statisticsState(name: string, channels: number): StateSpec[] {
  return [
    { name: `${name}.mean`, shape: [channels], value: 0 },
    { name: `${name}.variance`, shape: [channels], value: 1 },
  ];
}

/** Moved elements of each channel (last axis): how often its variance counts in one example's log-det. */
export function movedPositions(shape: readonly number[], mask: Mask | undefined): Float32Array {
  const channels = shape[shape.length - 1]!;
  const counts = new Float32Array(channels);
  const total = sizeOf(shape);
  for (let i = 0; i < total; i++) counts[i % channels]! += mask ? 1 - mask.data[i]! : 1;
  return counts;
}

/** Statistics of a batch and the number of values of each channel in one example that are behind them. */
function batchStatistics(
  { wholeBatch }: FlowContext,
  x: tf.Tensor,
  mask: Mask | undefined,
  over: NormOptions['over'],
): Statistics & { places: Float32Array } {
  const axes = channelAxes(x);
  const [batch, ...rest] = x.shape as [number, ...number[]];
  const all = sizeOf(rest.slice(0, -1));
  if (!mask || over !== 'moved') {
    const average = (values: tf.Tensor): tf.Tensor => wholeBatch?.mean(values) ?? meanOver(values, axes);
    const seen = mask && over === 'moved-with-zeros' ? tf.mul(x, maskTensors(mask).moves) : x;
    const mean = average(seen);
    const variance = average(tf.square(tf.sub(seen, mean)));
    return { mean, variance, places: new Float32Array(rest.at(-1)!).fill(all) };
  }
  const { moves } = maskTensors(mask);
  const places = movedPositions(mask.shape, mask).map((n) => Math.max(n, 1));
  const averageMoved = (values: tf.Tensor): tf.Tensor =>
    wholeBatch
      ? tf.mul(wholeBatch.mean(values), tf.tensor1d(places.map((n) => all / n)))
      : tf.mul(sumOver(values, axes), tf.tensor1d(places.map((n) => 1 / (n * batch))));
  const mean = averageMoved(tf.mul(x, moves));
  const variance = averageMoved(tf.mul(tf.square(tf.sub(x, mean)), moves));
  return { mean, variance, places };
}

/** By what a biased variance of a batch is multiplied to be unbiased, for each channel. */
function unbiasing({ wholeBatch }: FlowContext, x: tf.Tensor, places: Float32Array): tf.Tensor {
  if (!wholeBatch) {
    const counts = places.map((n) => n * x.shape[0]);
    return tf.tensor1d(counts.map((n) => n / Math.max(n - 1, 1)));
  }
  const counts = tf.mul(tf.tensor1d(places), wholeBatch.size(x));
  return tf.div(counts, tf.maximum(tf.sub(counts, 1), 1));
}

/**
 * What normalization at `name` subtracts, and the variance that it divides by before ε. Updates running statistics. Taps
 * what arrives as `NAME/normed`.
 */
export function statisticsOf(
  ctx: FlowContext,
  name: string,
  x: tf.Tensor,
  mask: Mask | undefined,
  options: NormOptions,
): Statistics {
  ctx.tap?.(`${name}/normed`, x);
  const running = runningStatistics(ctx, name);
  if (!ctx.training) return running;
  const { decay, over, statistics } = options;
  const { mean, variance, places } = batchStatistics(ctx, x, mask, over);
  ctx.tap?.(`${name}/batchMean`, mean);
  ctx.tap?.(`${name}/batchVariance`, variance);
  const kept = options.variance === 'unbiased' ? tf.mul(variance, unbiasing(ctx, x, places)) : variance;
  const mixed: Statistics = {
    mean: tf.add(tf.mul(running.mean, 1 - decay), tf.mul(mean, decay)),
    variance: tf.add(tf.mul(running.variance, 1 - decay), tf.mul(kept, decay)),
  };
  ctx.update(`${name}.mean`, mixed.mean);
  ctx.update(`${name}.variance`, mixed.variance);
  return statistics === 'running' ? mixed : { mean, variance };
}

export function runningStatistics(ctx: FlowContext, name: string): Statistics {
  return { mean: ctx.get(`${name}.mean`), variance: ctx.get(`${name}.variance`) };
}
