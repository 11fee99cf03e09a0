/**
 * An invertible 1×1 convolution whose matrix W is trained as it is (Kingma and Dhariwal 2018, equation 10): any matrix can be
 * reached from any other one of the same sign of det W, with no permutation that stays. `NAME.matrix` is W, [C, C]; it starts as a
 * random orthogonal matrix, so the log-det starts at 0.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Bijection, FlowContext, ParameterSpec } from '../core/bijection';
import type { ImageShape } from '../layers/squeeze';
import { affineMixing, type Mixing } from './affine';
import { mixChannels } from './conv1x1';
import { generalInverse, logAbsDet } from './general-inverse';

/** @param bias adds `NAME.bias` [C] */
export function fullConv1x1(name: string, shape: ImageShape, bias: boolean): Bijection {
  const [height, width, channels] = shape;
  const matrixName = `${name}.matrix`;
  const mixing = (ctx: FlowContext): Mixing => {
    const matrix = ctx.get(matrixName);
    return {
      apply: (x) => mixChannels(x, matrix),
      undo: (y) => mixChannels(y, generalInverse(matrix)),
      logDet: tf.mul(logAbsDet(matrix), height * width),
    };
  };
  const parameters: ParameterSpec[] = [
    { name: matrixName, shape: [channels, channels], init: { kind: 'orthogonal' } },
  ];
  return affineMixing(name, shape, parameters, mixing, bias);
}
