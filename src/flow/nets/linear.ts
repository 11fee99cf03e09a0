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
  /** Whether the mask is kept in the checkpoint, as `NAME.mask`, and this is only where it starts. */
  storesMask?: boolean | undefined;
}

export function linear(
  name: string,
  inputs: number,
  outputs: number,
  { startAtZero = false, mask, storesMask = false }: LinearOptions = {},
): Net {
  const weight = `${name}.weight`;
  const bias = `${name}.bias`;
  const init = startAtZero ? zeros : fanIn(inputs);
  return {
    parameters: [
      { name: weight, shape: [inputs, outputs], init, decay: false },
      { name: bias, shape: [outputs], init, decay: false },
    ],
    state: mask && storesMask ? [{ name: `${name}.mask`, shape: [inputs, outputs], value: mask }] : [],
    apply(ctx, h) {
      const all = ctx.get(weight) as Tensor2D;
      const counting =
        mask === undefined
          ? all
          : tf.mul(all, storesMask ? ctx.get(`${name}.mask`) : tf.tensor2d(mask, [inputs, outputs]));
      return tf.add(tf.matMul(h as Tensor2D, counting), ctx.get(bias));
    },
  };
}
