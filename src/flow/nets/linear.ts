/** A linear layer: h·W + b, W [inputs, outputs]. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { fanIn, zeros } from '../init';
import type { Net } from './conditioner';

export interface LinearOptions {
  /** For last layers, so that a flow starts as the identity. */
  startAtZero?: boolean;
  /** [inputs, outputs], 0 for weights that do not count. */
  mask?: Float32Array | undefined;
}

export function linear(
  name: string,
  inputs: number,
  outputs: number,
  { startAtZero = false, mask }: LinearOptions = {},
): Net {
  const weight = `${name}.weight`;
  const bias = `${name}.bias`;
  const init = startAtZero ? zeros : fanIn(inputs);
  return {
    parameters: [
      { name: weight, shape: [inputs, outputs], init, decay: false },
      { name: bias, shape: [outputs], init, decay: false },
    ],
    state: [],
    apply(ctx, h) {
      const all = ctx.get(weight) as Tensor2D;
      const counting = mask ? tf.mul(all, tf.tensor2d(mask, [inputs, outputs])) : all;
      return tf.add(tf.matMul(h as Tensor2D, counting), ctx.get(bias));
    },
  };
}
