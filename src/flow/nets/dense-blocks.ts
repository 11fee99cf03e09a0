/**
 * A conditioner of vector flows (BayesFlow's MLP): each layer is linear, its activation follows, what it takes is added, and
 * the sum is normalized. What is added goes through a linear layer of its own where the sizes differ.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { VectorModelConfig } from '../../config/schema';
import { contextOf } from './context';
import type { Net } from './conditioner';
import { linear } from './linear';
import { noNorm, norm, type Norm } from './norm';
import { ones, zeros } from '../core/bijection';
import { meanOfLast } from '../core/tensors';
import type { MlpOptions } from './mlp';

/** Keras' defaults, and zuko's. */
const epsilons = { batch: 1e-3, layer: 1e-3, rms: 1e-6, standardized: 1e-5 };

export interface DenseBlocksOptions extends Pick<MlpOptions, 'name' | 'hidden' | 'outputs' | 'activation'> {
  /** Features that it sees, without the numbers of a context, which come after them. */
  inputs: number;
  context: number;
  skips: boolean;
  norm: VectorModelConfig['denseNorm'];
  normDecay: number;
}

/** The last layer starts at zero, so that the flow starts as the identity. Taps `NAME.K/features`, `/active` after activations. */
export function denseBlocks(options: DenseBlocksOptions): Net {
  const { name, inputs, context, hidden, outputs, activation, skips, normDecay } = options;
  const normOf = (path: string, width: number): Norm => {
    if (options.norm === 'none') return noNorm;
    const epsilon = epsilons[options.norm];
    if (options.norm === 'standardized') return standardizing(epsilon);
    return options.norm === 'batch'
      ? norm({ name: path, channels: width, decay: normDecay, epsilon })
      : layerNorm(path, width, epsilon, options.norm === 'layer');
  };
  const widths = [inputs + context, ...hidden];
  const blocks = hidden.map((width, i) => {
    const path = `${name}.${i}`;
    const taken = widths[i]!;
    return {
      path,
      layer: linear(path, taken, width),
      skip: skips && taken !== width ? linear(`${path}.skip`, taken, width) : undefined,
      norm: normOf(`${path}.norm`, width),
    };
  });
  const last = linear(`${name}.${hidden.length}`, widths.at(-1)!, outputs, { startAtZero: true });
  const modules = [
    ...blocks.flatMap(({ layer, skip, norm }) => [layer, ...(skip ? [skip] : []), norm]),
    last,
  ];
  return {
    parameters: modules.flatMap(({ parameters }) => parameters),
    state: modules.flatMap(({ state }) => state),
    apply(ctx, features) {
      let h = context > 0 ? tf.concat([features as tf.Tensor2D, contextOf(ctx) as tf.Tensor2D], 1) : features;
      for (const { path, layer, skip, norm } of blocks) {
        const active = activation(layer.apply(ctx, h));
        ctx.tap?.(`${path}/active`, active);
        h = norm.apply(ctx, skips ? tf.add(skip?.apply(ctx, h) ?? h, active) : active);
        ctx.tap?.(`${path}/features`, h);
      }
      return last.apply(ctx, h);
    },
  };
}

/**
 * Normalization of each example by itself, over its features: layer normalization, or by the root of the mean square alone.
 * @param epsilon added to the variance, or to the mean square @param centers whether the mean is subtracted, and a bias learned
 */
export function layerNorm(name: string, features: number, epsilon: number, centers: boolean): Norm {
  const [gain, bias] = [`${name}.gain`, `${name}.bias`];
  return {
    parameters: [
      { name: gain, shape: [features], init: ones },
      ...(centers ? [{ name: bias, shape: [features], init: zeros }] : []),
    ],
    state: [],
    apply(ctx, x) {
      const centered = centers ? tf.sub(x, meanOfLast(x)) : x;
      const scaled = tf.mul(
        tf.mul(centered, tf.rsqrt(tf.add(meanOfLast(tf.square(centered)), epsilon))),
        ctx.get(gain),
      );
      return centers ? tf.add(scaled, ctx.get(bias)) : scaled;
    },
  };
}

/** Makes the mean 0 and the variance, by n − 1, 1; nothing is learned (zuko). @param epsilon added to the variance */
function standardizing(epsilon: number): Norm {
  return {
    parameters: [],
    state: [],
    apply(_, x) {
      const centered = tf.sub(x, meanOfLast(x));
      const variance = meanOfLast(tf.square(centered), x.shape.at(-1)! - 1);
      return tf.mul(centered, tf.rsqrt(tf.add(variance, epsilon)));
    },
  };
}
