/**
 * A learned normal distribution of values that leave the flow (Kingma and Dhariwal 2018, appendix), as the step that makes
 * them standard normal: (x − mean)·e^(−log-deviation). With the log-det of this step, ln N(z; 0, 1) is what the library that
 * scores x under the learned distribution calls its log-density, and standard normal latents sample it.
 *
 * Mean and log-deviation are predicted by a convolution of the channels that go on (of zeros, where all leave), or are
 * learned for each channel or value. It is a coupling, and taps what couplings do.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ImageLayerConfig } from '../config/image-layers';
import type { Bijection, Conditioner, ParameterSpec } from './bijection';
import { coupling } from './coupling';
import { zeros } from './init';
import { jointConditioner } from './nets/conditioner';
import { plainConvolution } from './nets/plain-convolution';
import { selected, whole } from './splits';
import type { ImageShape } from './squeeze';
import { affine } from './transforms/affine';

export type PriorConfig = Extract<ImageLayerConfig, { kind: 'prior' }>;

/** A bit for each channel, 1 for those that go on. */
export function priorMask({ given }: PriorConfig, channels: number): number[] {
  return Array.from({ length: channels }, (_, i) =>
    Number(given !== 'nothing' && i < channels / 2 === (given === 'first')),
  );
}

export function learnedPrior(name: string, shape: ImageShape, config: PriorConfig): Bijection {
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
    const spec = (part: string): ParameterSpec => ({
      name: `${name}.${part}`,
      shape: each,
      init: zeros,
      decay: false,
    });
    const [mean, deviation] = [spec('mean'), spec('logDeviation')];
    return {
      parameters: [mean, deviation],
      state: [],
      apply(ctx, x) {
        // Of the shape of what leaves, which has as many examples and pixels as what goes on.
        const empty = tf.zerosLike(tf.slice(x, [0, 0, 0, 0], [-1, -1, -1, 1]));
        const full = (values: Tensor): Tensor => tf.add(empty, values);
        return [full(ctx.get(deviation.name)), full(ctx.get(mean.name))];
      },
    };
  };
  const conditioner = kernelSize === undefined ? constant() : predicted();
  return {
    ...coupling({ name, shape, split, transform, conditioner }),
    sameForAll: alone || kernelSize === undefined,
  };
}
