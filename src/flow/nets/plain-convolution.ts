/**
 * A convolution without weight normalization; NHWC, same padding, with zeros or ones beyond the edge. `scaled` multiplies
 * its output by e^(3·logs), and it starts at zero (Glow's last convolution).
 */
import * as tf from '@tensorflow/tfjs-core';
import { logsFactor } from '../../config/image-layers';
import { fanIn, zeros } from '../core/bijection';
import { sumOver } from '../core/tensors';
import type { Net } from './conditioner';

export interface PlainConvolutionOptions {
  name: string;
  /** Odd. */
  kernelSize: number;
  inputs: number;
  outputs: number;
  padding?: 'zeros' | 'ones';
  scaled?: boolean;
  /** For last layers, so that a flow starts as the identity. */
  startAtZero?: boolean;
}

export function plainConvolution(options: PlainConvolutionOptions): Net {
  const { name, kernelSize, inputs, outputs, padding = 'zeros', scaled = false } = options;
  const init = options.startAtZero ? zeros : fanIn(kernelSize * kernelSize * inputs);
  const [weight, bias, logs] = [`${name}.weight`, `${name}.bias`, `${name}.logs`];
  return {
    parameters: [
      { name: weight, shape: [kernelSize, kernelSize, inputs, outputs], init },
      { name: bias, shape: [outputs], init },
      ...(scaled ? [{ name: logs, shape: [outputs], init: zeros }] : []),
    ],
    state: [],
    apply(ctx, x) {
      const kernel = ctx.get(weight) as tf.Tensor4D;
      // x − 1 beyond whose edge are zeros is x beyond whose edge are ones, minus 1.
      const ones = padding === 'ones' && kernelSize > 1;
      const convolved = tf.conv2d((ones ? tf.sub(x, 1) : x) as tf.Tensor4D, kernel, 1, 'same');
      const offset = ones ? tf.add(ctx.get(bias), sumOver(kernel, [0, 1, 2])) : ctx.get(bias);
      const y = tf.add(convolved, offset);
      return scaled ? tf.mul(y, tf.exp(tf.mul(ctx.get(logs), logsFactor))) : y;
    },
  };
}
