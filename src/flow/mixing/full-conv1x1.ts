/**
 * An invertible 1×1 convolution whose matrix W is trained as it is (Kingma and Dhariwal 2018, equation 10): any matrix can be
 * reached from any other one of the same sign of det W, with no permutation that stays. `NAME.matrix` is W, [C, C]; it starts as a
 * random orthogonal matrix, so the log-det starts at 0.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Bijection, FlowContext } from '../core/bijection';
import type { ImageShape } from '../layers/squeeze';
import { startsAtZero } from './affine';
import { mixChannels } from './conv1x1';
import { generalInverse, logAbsDet } from './general-inverse';

/** @param bias adds `NAME.bias` [C] */
export function fullConv1x1(name: string, shape: ImageShape, bias: boolean): Bijection {
  const [height, width, channels] = shape;
  const matrixOf = (ctx: FlowContext): Tensor => ctx.get(`${name}.matrix`);
  const logDetOf = (ctx: FlowContext): Tensor => tf.mul(logAbsDet(matrixOf(ctx)), height * width);
  return {
    name,
    inputShape: shape,
    outputShape: shape,
    parameters: [
      { name: `${name}.matrix`, shape: [channels, channels], init: { kind: 'orthogonal' }, decay: false },
      ...(bias ? [startsAtZero(`${name}.bias`, [channels])] : []),
    ],
    state: [],
    mixes: true,
    forward(ctx, x) {
      const mixed = mixChannels(x, matrixOf(ctx));
      return { value: bias ? tf.add(mixed, ctx.get(`${name}.bias`)) : mixed, logDet: logDetOf(ctx) };
    },
    inverse(ctx, y) {
      const difference = bias ? tf.sub(y, ctx.get(`${name}.bias`)) : y;
      return { value: mixChannels(difference, generalInverse(matrixOf(ctx))), logDet: tf.neg(logDetOf(ctx)) };
    },
  };
}
