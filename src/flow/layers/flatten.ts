/** [H, W, C] as one pixel [1, 1, H·W·C], channel by channel as PyTorch's flatten has it; log-det 0. */
import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../../base/shape';
import type { Bijection } from '../core/bijection';
import type { ImageShape } from './squeeze';

export function flatten(name: string, shape: ImageShape): Bijection {
  const [height, width, channels] = shape;
  const outputShape = [1, 1, sizeOf(shape)];
  return {
    name,
    inputShape: shape,
    outputShape,
    parameters: [],
    state: [],
    preservesVolume: true,
    forward: (_, x) => ({
      value: tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [-1, ...outputShape]),
      logDet: tf.scalar(0),
    }),
    inverse: (_, y) => ({
      value: tf.transpose(tf.reshape(y, [-1, channels, height, width]), [0, 2, 3, 1]),
      logDet: tf.scalar(0),
    }),
  };
}

/** The input element, row-major, that each output element takes. */
export function flattenPositions([height, width, channels]: ImageShape): Int32Array {
  const plane = height * width;
  return Int32Array.from(
    { length: plane * channels },
    (_, i) => (i % plane) * channels + Math.floor(i / plane),
  );
}
