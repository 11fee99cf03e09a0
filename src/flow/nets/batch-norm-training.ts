/**
 * Batch normalization by a batch's own statistics as one kernel, and one for its gradient, so that a backend with fused
 * ones can use them: written out, the two go over the activations some fifteen times.
 */
import * as tf from '@tensorflow/tfjs-core';
import { channelAxes, meanOver } from '../core/tensors';

export const batchNormTraining = 'BatchNormTraining';
export const batchNormTrainingGrad = 'BatchNormTrainingGrad';

export interface NormalizedBatch {
  /** (x − mean) / √(variance + ε) · gain + bias, in the shape of x. */
  y: tf.Tensor;
  /** Statistics of each channel (last axis) over all other axes; the variance is divided by n. No gradient flows through them. */
  mean: tf.Tensor;
  variance: tf.Tensor;
}

/** @param x [N, …, C], with gain and bias [C] */
export function normalizeBatch(
  x: tf.Tensor,
  gain: tf.Tensor,
  bias: tf.Tensor,
  epsilon: number,
): NormalizedBatch {
  const kernel = tf.getKernel(batchNormTraining, tf.getBackend()) as tf.KernelConfig | undefined;
  if (!kernel) return composed(x, gain, bias, epsilon);
  const [y, mean, variance] = tf
    .engine()
    .runKernel(batchNormTraining, { x, gain, bias }, { epsilon }) as unknown as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ];
  return { y, mean, variance };
}

/** The same out of elementary ops. */
function composed(x: tf.Tensor, gain: tf.Tensor, bias: tf.Tensor, epsilon: number): NormalizedBatch {
  const axes = channelAxes(x);
  const mean = meanOver(x, axes);
  const variance = meanOver(tf.square(tf.sub(x, mean)), axes);
  const factor = tf.mul(gain, tf.rsqrt(tf.add(variance, epsilon)));
  return { y: tf.add(tf.mul(x, factor), tf.sub(bias, tf.mul(mean, factor))), mean, variance };
}

tf.registerGradient({
  kernelName: batchNormTraining,
  inputsToSave: ['x', 'gain'],
  outputsToSave: [false, true, true],
  gradFunc(dys, saved, attrs) {
    const [x, gain, mean, variance] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    const [dy] = dys as tf.Tensor[];
    let gradients: tf.Tensor[] | undefined;
    const gradient = (i: number) => () =>
      (gradients ??= tf
        .engine()
        .runKernel(
          batchNormTrainingGrad,
          { dy: dy!, x, gain, mean, variance },
          { ...attrs },
        ) as unknown as tf.Tensor[])[i]!;
    return { x: gradient(0), gain: gradient(1), bias: gradient(2) };
  },
});
