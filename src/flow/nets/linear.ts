/** A linear layer: h·W + b, W [inputs, outputs]. */
import * as tf from '@tensorflow/tfjs-core';
import { byDegree, maskBetween } from '../../base/degrees';
import { fanIn, zeros } from '../core/bijection';
import { reorder } from '../core/tensors';
import type { Net, Steps } from './conditioner';

export interface LinearOptions {
  /** For last layers, so that a flow starts as the identity. */
  startAtZero?: boolean;
  /** Degrees of inputs and outputs in an autoregressive network: weights from higher to lower degrees do not count. */
  degrees?: LinearDegrees | undefined;
  /** Whether the mask is kept in the checkpoint, as `NAME.mask`, and this is only where it starts. */
  storesMask?: boolean | undefined;
}

export interface LinearDegrees {
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

export function linear(
  name: string,
  inputs: number,
  outputs: number,
  { startAtZero = false, degrees, storesMask = false }: LinearOptions = {},
): Net {
  const weight = `${name}.weight`;
  const bias = `${name}.bias`;
  const init = startAtZero ? zeros : fanIn(inputs);
  let made: Float32Array | undefined;
  // Not before it is needed: a config may ask for more than its file holds.
  const mask = degrees && (() => (made ??= maskBetween(degrees.inputs, degrees.outputs)));
  return {
    parameters: [
      { name: weight, shape: [inputs, outputs], init },
      { name: bias, shape: [outputs], init },
    ],
    state: mask && storesMask ? [{ name: `${name}.mask`, shape: [inputs, outputs], value: mask }] : [],
    apply(ctx, h) {
      const all = ctx.get(weight) as tf.Tensor2D;
      const counting =
        mask === undefined
          ? all
          : tf.mul(all, storesMask ? ctx.get(`${name}.mask`) : tf.tensor2d(mask(), [inputs, outputs]));
      return tf.add(tf.matMul(h as tf.Tensor2D, counting), ctx.get(bias));
    },
    ...(degrees &&
      !storesMask && { steps: (ctx, nothing) => stepsOf(ctx.get(weight), ctx.get(bias), degrees, nothing) }),
  };
}

/** With units sorted by degree, all weights that count for a degree are together. */
function stepsOf(weight: tf.Tensor, bias: tf.Tensor, degrees: LinearDegrees, nothing: tf.Tensor): Steps {
  const [from, to] = [byDegree(degrees.inputs), byDegree(degrees.outputs)];
  const weights = reorder(reorder(weight, from.order, 0), to.order, 1);
  const biases = reorder(bias, to.order, 0);
  let known: tf.Tensor | undefined;
  return (seen, degree) => {
    if (seen) known = known ? tf.concat([known, seen], 1) : seen;
    const [start, count] = [to.below(degree), to.at(degree)];
    if (count === 0) return undefined;
    const unitBiases = tf.slice(biases, [start], [count]);
    if (!known) return tf.add(nothing, unitBiases);
    const counting = tf.slice(weights as tf.Tensor2D, [0, start], [known.shape[1]!, count]);
    return tf.add(tf.matMul(known as tf.Tensor2D, counting), unitBiases);
  };
}
