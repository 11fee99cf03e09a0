/**
 * The conditioner of image flows (paper, section 4.1; structure as in the authors' released code): batch norm of b⊙x,
 * [x, −x] through ReLU, a 3×3 convolution, pre-activation residual blocks, a 1×1 skip convolution from the first layer
 * and from every block into one sum, batch norm, ReLU, and a 1×1 convolution to what the transform takes. All convolutions are
 * weight-normalized. Checkerboard conditioners see the mask as a last channel after [x, −x], and double their input, half
 * of which is zeros.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { FlowContext } from '../core/bijection';
import type { Mask } from '../core/masks';
import type { NetSpec } from '../core/spec';
import type { Net } from './conditioner';
import { convolution } from './convolution';
import { named, withScope } from '../core/scope';
import { noNorm, norm, type Norm } from './norm';

type Spec = Extract<NetSpec, { kind: 'weightNormalized' }>;

export interface ResidualNetOptions extends Omit<Spec, 'kind' | 'maskChannel'> {
  name: string;
  /** Channels of the input. */
  channels: number;
  /** Channels of the output. */
  outputs: number;
  normDecay: number;
  /** Shows the first channel of this mask to the network as one more input channel. */
  maskChannel?: Mask;
}

/** [N, H, W, channels] → [N, H, W, outputs]. */
export function residualNet(options: ResidualNetOptions): Net {
  const { name, channels, outputs, width, blocks, maskChannel } = options;
  const makeNorm = (path: string, n: number): Norm =>
    options.batchNorm
      ? norm({
          name: `${name}.${path}`,
          channels: n,
          decay: options.normDecay,
          epsilon: options.normEpsilon,
          gain: options.normGain,
        })
      : noNorm;
  const dataInputs = 2 * channels;
  const normIn = makeNorm('normIn', channels);
  const convIn = convolution({
    name: `${name}.convIn`,
    kernelSize: 3,
    inputs: dataInputs + (maskChannel ? 1 : 0),
    outputs: width,
    learnsLength: options.allLengths,
  });
  const skipIn = convolution({ name: `${name}.skipIn`, kernelSize: 1, inputs: width, outputs: width });
  const residual = Array.from({ length: blocks }, (_, i) => {
    const path = `blocks.${i}`;
    const square = { inputs: width, outputs: width };
    return {
      norm1: makeNorm(`${path}.norm1`, width),
      conv1: convolution({
        name: `${name}.${path}.conv1`,
        kernelSize: 3,
        ...square,
        bias: !options.batchNorm,
        learnsLength: options.allLengths,
      }),
      norm2: makeNorm(`${path}.norm2`, width),
      conv2: convolution({ name: `${name}.${path}.conv2`, kernelSize: 3, ...square }),
      skip: convolution({ name: `${name}.${path}.skip`, kernelSize: 1, ...square }),
    };
  });
  const normOut = makeNorm('normOut', width);
  const convOut = convolution({
    name: `${name}.convOut`,
    kernelSize: 1,
    inputs: width,
    outputs,
    startAtZero: true,
  });
  const modules = [
    normIn,
    convIn,
    skipIn,
    ...residual.flatMap((b) => [b.norm1, b.conv1, b.norm2, b.conv2, b.skip]),
    normOut,
    convOut,
  ];

  /**
   * Convolves [h, mask]. The mask is the same for every example, so its share is computed once and added with
   * broadcasting instead of being copied into each example.
   */
  const inputConvolution = (ctx: FlowContext, h: tf.Tensor): tf.Tensor => {
    if (!maskChannel) return convIn.apply(ctx, h);
    const kernel = convIn.kernel(ctx);
    const [rows, columns, maskChannels] = maskChannel.shape as [number, number, number];
    const plane = maskChannel.data.filter((_, i) => i % maskChannels === 0);
    const shown = tf.tensor4d(plane, [1, rows, columns, 1]);
    const forData = tf.slice(kernel, [0, 0, 0, 0], [3, 3, dataInputs, width]) as tf.Tensor4D;
    const forMask = tf.slice(kernel, [0, 0, dataInputs, 0], [3, 3, 1, width]) as tf.Tensor4D;
    const fixed = tf.add(tf.conv2d(shown, forMask, 1, 'same'), ctx.get(`${name}.convIn.bias`));
    return tf.add(tf.conv2d(h as tf.Tensor4D, forData, 1, 'same'), fixed);
  };

  const active = (ctx: FlowContext, path: string, h: tf.Tensor): tf.Tensor => {
    const units = tf.relu(h);
    ctx.tap?.(`${name}.${path}/active`, units);
    return units;
  };

  return {
    parameters: modules.flatMap((m) => m.parameters),
    state: modules.flatMap((m) => m.state),
    apply(ctx, x) {
      const normed = normIn.apply(ctx, x);
      const input = options.doubling ? tf.mul(normed, 2) : normed;
      let h = inputConvolution(ctx, tf.relu(tf.concat([input, tf.neg(input)], 3)));
      ctx.tap?.(`${name}.convIn/features`, h);
      let out = named('out', skipIn.apply(ctx, h));
      residual.forEach((block, i) => {
        const path = `blocks.${i}`;
        withScope(`${name}.${path}`, () => {
          let r = block.conv1.apply(ctx, active(ctx, `${path}.norm1`, block.norm1.apply(ctx, h)));
          r = block.conv2.apply(ctx, active(ctx, `${path}.norm2`, block.norm2.apply(ctx, r)));
          h = named('h', tf.add(h, r));
          out = named('out', tf.add(out, block.skip.apply(ctx, h)));
        });
        ctx.tap?.(`${name}.${path}/features`, h);
      });
      return convOut.apply(ctx, active(ctx, 'normOut', normOut.apply(ctx, out)));
    },
  };
}
