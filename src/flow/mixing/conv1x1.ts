/**
 * An invertible 1×1 convolution (Kingma and Dhariwal 2018, section 3.2): the channels of each pixel times W = P·L·U, with a
 * fixed permutation P, L lower triangular with ones on its diagonal, U upper triangular with a diagonal of ±e^d. The
 * log-det is Σ d at each pixel. Any invertible matrix can be written so, and this form needs neither a determinant nor a
 * general inverse.
 *
 * `NAME.lower` and `NAME.upper` are [C, C], of which the part below and the part above the diagonal count;
 * `NAME.logDiagonal` is d, [C].
 */
import * as tf from '@tensorflow/tfjs-core';
import { type Bijection, type FlowContext, startsAtZero } from '../core/bijection';
import { reorder } from '../core/tensors';
import type { ImageShape } from '../layers/squeeze';
import { affineMixing, type Mixing } from './affine';
import { identityMatrix, luParameters, strictly, unitTriangularInverse } from './triangular';

export interface Conv1x1Options {
  name: string;
  /** [H, W, C]. */
  shape: ImageShape;
  /** Entry i is the channel of L·U·x that becomes channel i. */
  order: readonly number[];
  /** Signs of U's diagonal, 1 or −1 each. */
  signs: readonly number[];
  /** Adds `NAME.bias` [C]. */
  bias: boolean;
}

/** Channels of [N, H, W, C] times a matrix: `matrix` [C, C] says which channels each channel is made of. */
export function mixChannels(x: tf.Tensor, matrix: tf.Tensor): tf.Tensor {
  const channels = matrix.shape[0];
  const filter = tf.reshape<tf.Rank.R4>(tf.transpose(matrix), [1, 1, channels, channels]);
  return tf.conv2d(x as tf.Tensor4D, filter, 1, 'same');
}

export function conv1x1({ name, shape, order, signs, bias }: Conv1x1Options): Bijection {
  const [height, width, channels] = shape;
  const parameters = [...luParameters(name, channels), startsAtZero(`${name}.logDiagonal`, [channels])];
  const mixing = (ctx: FlowContext): Mixing => {
    const logDiagonal = ctx.get(`${name}.logDiagonal`);
    const lower = strictly('lower', ctx.get(`${name}.lower`));
    const upper = strictly('upper', ctx.get(`${name}.upper`));
    const diagonal = tf.mul(tf.exp(logDiagonal), tf.tensor1d([...signs]));
    return {
      logDet: tf.mul(tf.sum(logDiagonal), height * width),
      apply(x) {
        const identity = identityMatrix(channels);
        const product = tf.matMul(tf.add(lower, identity), tf.add(upper, tf.mul(identity, diagonal)));
        return mixChannels(x, reorder(product, order, 0));
      },
      undo(y) {
        // U = (I + N)·D with N = upper / diagonal, column by column.
        const unit = unitTriangularInverse(tf.div(upper, diagonal));
        const undoUpper = tf.div(unit, tf.reshape(diagonal, [channels, 1]));
        return mixChannels(y, reorder(tf.matMul(undoUpper, unitTriangularInverse(lower)), order, 1));
      },
    };
  };
  return affineMixing(name, shape, parameters, mixing, bias);
}
