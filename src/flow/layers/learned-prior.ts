/**
 * A learned normal distribution of values that leave the flow (Kingma and Dhariwal 2018, appendix), as the step that makes
 * them standard normal: (x − mean)·e^(−log-deviation). With the log-det of this step, ln N(z; 0, 1) is what the library that
 * scores x under the learned distribution calls its log-density, and standard normal latents sample it.
 *
 * Mean and log-deviation are predicted by a convolution of the channels that go on (of zeros, where all leave), or are
 * learned for each channel or value, to which a context may add terms of its own. It is a coupling, and taps what couplings do.
 */
import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../../base/shape';
import type { ImageLayerConfig } from '../../config/image-layers';
import {
  type Bijection,
  type Conditioner,
  type FlowContext,
  type ParameterSpec,
  startsAtZero,
} from '../core/bijection';
import { contextOf } from '../nets/context';
import { coupling } from './coupling';
import { jointConditioner } from '../nets/conditioner';
import { plainConvolution } from '../nets/plain-convolution';
import { selected, whole } from './splits';
import type { ImageShape } from './squeeze';
import { affine } from '../transforms/affine';

export type PriorConfig = Extract<ImageLayerConfig, { kind: 'prior' }>;

/** A bit for each channel, 1 for those that go on. */
export function priorMask({ given }: PriorConfig, channels: number): number[] {
  return Array.from({ length: channels }, (_, i) =>
    Number(given !== 'nothing' && i < channels / 2 === (given === 'first')),
  );
}

/** @param seen numbers of the context that it sees; 0 for none */
export function learnedPrior(name: string, shape: ImageShape, config: PriorConfig, seen: number): Bijection {
  const alone = config.given === 'nothing';
  const split = alone ? whole(shape) : selected(shape, priorMask(config, shape[2]));
  const [inputs, leaving] = [split.identityShape[2]!, split.transformedShape[2]!];
  const transform = affine({
    name,
    features: leaving,
    form: 'inverse-scale-then-shift',
    scaleMap: { kind: 'exp', epsilon: 0, clamp: 1 },
    decayScale: false,
  });
  const { kernel: kernelSize, padding, scaled, outputLayout } = config;
  const predicted = (): Conditioner => {
    const net = plainConvolution({
      name: `${name}.net`,
      kernelSize: kernelSize!,
      inputs,
      outputs: 2 * leaving,
      padding,
      scaled,
      startAtZero: true,
    });
    const conditioner = jointConditioner(net, transform.takes, { outputOrder: 'shift-scale', outputLayout });
    return alone
      ? { ...conditioner, apply: (ctx, x) => conditioner.apply(ctx, tf.zerosLike(x)) }
      : conditioner;
  };
  const constant = (): Conditioner => {
    const each = config.of === 'channels' ? [leaving] : [...split.transformedShape];
    const [mean, deviation] = ['mean', 'logDeviation'].map((part) => learned(`${name}.${part}`, each, seen));
    return {
      parameters: [...mean!.parameters, ...deviation!.parameters],
      state: [],
      apply(ctx, x) {
        // Gives the shape of what leaves, which has as many examples and pixels as what goes on.
        const empty = tf.zerosLike(tf.slice(x, [0, 0, 0, 0], [-1, -1, -1, 1]));
        return [deviation!, mean!].map((part) => tf.add(empty, part.of(ctx)));
      },
    };
  };
  const conditioner = kernelSize === undefined ? constant() : predicted();
  return {
    ...coupling({ name, shape, split, transform, conditioner }),
    sameForAll: seen === 0 && (alone || kernelSize === undefined),
  };
}

/** Values of a shape, and what each number of a context adds to them: `NAMEOfContext`, [C, ...]. */
function learned(
  name: string,
  each: readonly number[],
  seen: number,
): { parameters: ParameterSpec[]; of(ctx: FlowContext): tf.Tensor } {
  const bias = startsAtZero(name, [...each]);
  if (seen === 0) return { parameters: [bias], of: (ctx) => ctx.get(name) };
  const contextWeights = startsAtZero(`${name}OfContext`, [seen, ...each]);
  return {
    parameters: [bias, contextWeights],
    of(ctx) {
      const context = tf.reshape<tf.Rank.R2>(contextOf(ctx), [-1, seen]);
      const weights = tf.reshape<tf.Rank.R2>(ctx.get(contextWeights.name), [seen, sizeOf(each)]);
      const pixels = each.length === 1 ? [1, 1, ...each] : each;
      const sum = tf.add(tf.matMul(context, weights), tf.reshape(ctx.get(name), [-1]));
      return tf.reshape(sum, [-1, ...pixels]);
    },
  };
}
