/**
 * The vector field of sbi's FMPE with its network VectorFieldMLP. It is for linear paths from data at t = 0 to standard normal
 * noise at t = 1: x is standardized by the mean and deviation that normal data would have at each time, and what the network
 * gives is a velocity in units of its deviation.
 */
import * as tf from '@tensorflow/tfjs-core';
import { perFeature } from '../../config/bases';
import type { FieldLayer, FieldNetConfig } from '../../config/field-layer';
import { range } from '../../base/order';
import type { FlowContext } from '../core/bijection';
import { sumPerExample } from '../core/tensors';
import { activation } from './activation';
import { contextOf } from './context';
import { layerNorm } from './dense-blocks';
import { type FieldNet, timeFeatures, timesSeen, type Velocity } from './field-net';
import { linear } from './linear';
import { activated, added, dense, type Dual, normalized, withDivergence } from './tangents';

/** PyTorch's default. */
const normEpsilon = 1e-5;
/** What sbi adds to the variance of x. */
const leastVariance = 1e-6;

/** @param context numbers that it sees of the context */
export function sbiField(
  name: string,
  dim: number,
  context: number,
  { net, frequencies }: Pick<FieldLayer, 'frequencies'> & { net: FieldNetConfig<'sbi'> },
): FieldNet {
  const { width } = net;
  const blocks = range(net.layers);
  const ofContext = linear(`${name}.context`, context, width);
  const ofTime = linear(`${name}.time`, timesSeen(frequencies), width);
  const modules = [
    linear(`${name}.input`, dim, width),
    ...(context > 0 ? [ofContext] : []),
    linear(`${name}.merge`, context > 0 ? 2 * width : width, width),
    ofTime,
    ...blocks.map((i) => linear(`${name}.layers.${i}`, width, width)),
    ...(net.norm ? blocks.map((i) => layerNorm(`${name}.layers.${i}.norm`, width, normEpsilon, true)) : []),
    linear(`${name}.output`, width, dim, { startAtZero: true }),
  ];
  const ofData = (numbers: number | number[]): tf.Tensor => tf.tensor2d([perFeature(numbers, dim)]);

  /** @param t one time, or one for each example */
  const at = (ctx: FlowContext, x: tf.Tensor, t: number | tf.Tensor2D): Velocity => {
    const part = (layer: string, tensor: string): tf.Tensor => ctx.get(`${name}.${layer}.${tensor}`);
    const through = (h: Dual, layer: string): Dual =>
      activated(dense(h, part(layer, 'weight'), part(layer, 'bias')), net);

    // Moments along linear paths from normal data, [1 or N, D].
    const time = typeof t === 'number' ? tf.tensor2d([[t]]) : t;
    const [means, stds] = [ofData(net.mean), ofData(net.std)];
    const left = tf.sub(1, time);
    const variance = tf.add(tf.add(tf.square(tf.mul(left, stds)), tf.square(time)), leastVariance);
    const centered = tf.sub(x, tf.mul(left, means));
    const scale = tf.rsqrt(variance);
    const seen = { value: tf.mul(centered, scale), tangents: tf.mul(tf.eye(dim), tf.expandDims(scale, 1)) };

    const [ofX, ofSeen] = context > 0 ? tf.split(part('merge', 'weight'), 2) : [part('merge', 'weight')];
    const contextTerm = ofSeen && tf.matMul(activation(net)(ofContext.apply(ctx, contextOf(ctx))), ofSeen);
    const rest = contextTerm ? tf.add(contextTerm, part('merge', 'bias')) : part('merge', 'bias');
    let h = activated(dense(through(seen, 'input'), ofX!, rest), net);

    const shift = ofTime.apply(ctx, timeFeatures(frequencies, t));
    for (const i of blocks) {
      const { value, tangents } = through(h, `layers.${i}`);
      const next = { value: tf.add(value, shift), tangents };
      h = net.skips ? added(next, h) : next;
      const norm = `layers.${i}.norm`;
      if (net.norm) h = normalized(h, part(norm, 'gain'), part(norm, 'bias'), normEpsilon);
    }
    const speed = tf.sqrt(tf.add(tf.square(stds), 1));
    const last = tf.sub(tf.mul(part('output', 'bias'), speed), means);
    const output = withDivergence(h, tf.mul(part('output', 'weight'), speed), last);
    if (!net.baseline) return output;
    // How fast normal data leave their mean, in a unit of the distance from it.
    const pull = tf.div(tf.sub(time, tf.mul(left, tf.square(stds))), variance);
    return {
      value: tf.add(output.value, tf.mul(pull, centered)),
      divergence: tf.add(output.divergence, sumPerExample(pull)),
    };
  };
  return {
    parameters: modules.flatMap(({ parameters }) => parameters),
    at,
    // Graphs leave out the derivatives.
    velocity: (ctx, x, t) => at(ctx, x, t).value,
  };
}
