/** A linear layer: h·W + b, W [inputs, outputs]. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { fanIn, zeros } from '../init';
import type { Net } from './conditioner';

/** @param startAtZero for last layers, so that a flow starts as the identity */
export function linear(name: string, inputs: number, outputs: number, startAtZero = false): Net {
  const weight = `${name}.weight`;
  const bias = `${name}.bias`;
  const init = startAtZero ? zeros : fanIn(inputs);
  return {
    parameters: [
      { name: weight, shape: [inputs, outputs], init, decay: false },
      { name: bias, shape: [outputs], init, decay: false },
    ],
    state: [],
    apply: (ctx, h) => tf.add(tf.matMul(h as Tensor2D, ctx.get(weight) as Tensor2D), ctx.get(bias)),
  };
}
