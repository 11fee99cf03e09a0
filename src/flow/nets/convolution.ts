/**
 * Weight-normalized convolution (paper, section 4.1): w = g·v / ‖v‖ for each output channel; NHWC, same padding. Without
 * a learned length w = v / ‖v‖.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type FlowContext, fanIn, zeros } from '../core/bijection';
import { named, withScope } from '../core/scope';
import { sumOver } from '../core/tensors';
import type { PlainConvolutionOptions } from './plain-convolution';

export interface ConvolutionOptions extends Pick<
  PlainConvolutionOptions,
  'name' | 'kernelSize' | 'inputs' | 'outputs'
> {
  bias?: boolean;
  /** Learns the length g of each output channel's kernel. */
  learnsLength?: boolean;
  /** Lengths g start at 0: the layer starts as its bias, 0. */
  startAtZero?: boolean;
}

export function convolution({
  name,
  kernelSize,
  inputs,
  outputs,
  bias = true,
  learnsLength = true,
  startAtZero,
}: ConvolutionOptions) {
  const v = `${name}.v`;
  const g = `${name}.g`;
  const b = `${name}.bias`;
  /** The kernel [k, k, inputs, outputs] after weight normalization. */
  const kernel = (ctx: FlowContext): tf.Tensor => {
    return learnsLength ? normalized(ctx.get(v), ctx.get(g)) : normalized(ctx.get(v));
  };
  return {
    parameters: [
      {
        name: v,
        shape: [kernelSize, kernelSize, inputs, outputs],
        init: fanIn(kernelSize * kernelSize * inputs),
      },
      ...(learnsLength
        ? [
            {
              name: g,
              shape: [outputs],
              init: startAtZero ? zeros : ({ kind: 'lengths', of: v } as const),
              decay: true,
            },
          ]
        : []),
      ...(bias ? [{ name: b, shape: [outputs], init: zeros }] : []),
    ],
    state: [],
    kernel,
    apply: (ctx: FlowContext, x: tf.Tensor) =>
      withScope(name, () => {
        const y = tf.conv2d(x as tf.Tensor4D, named('w', kernel(ctx)) as tf.Tensor4D, 1, 'same');
        return bias ? tf.add(y, ctx.get(b)) : y;
      }),
  };
}

/**
 * w = g·v / ‖v‖, or v / ‖v‖, norms being over all axes but the last. Its gradient is written out (Salimans and Kingma 2016,
 * equation 3): what TensorFlow.js makes of the norm's takes a third more calls, for each of some hundred filters.
 */
function normalized(v: tf.Tensor, g?: tf.Tensor): tf.Tensor {
  const kernel = tf.customGrad((...args) => {
    const save = args.pop() as tf.GradSaveFunc;
    const [direction, length] = args as [tf.Tensor, tf.Tensor?];
    const perLength = tf.rsqrt(sumOver(tf.square(direction), [0, 1, 2]));
    const factor = length ? tf.mul(length, perLength) : perLength;
    save([direction, perLength, factor]);
    return { value: tf.mul(direction, factor), gradFunc: gradients };
  });
  const gradients = (dw: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => {
    const [direction, perLength, factor] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
    const dg = tf.mul(sumOver(tf.mul(dw, direction), [0, 1, 2]), perLength);
    const along = tf.mul(tf.mul(dg, factor), perLength);
    const dv = tf.sub(tf.mul(dw, factor), tf.mul(direction, along));
    return g ? [dv, dg] : [dv];
  };
  return g ? kernel(v, g) : kernel(v);
}
