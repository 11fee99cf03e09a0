/**
 * The multi-scale architecture (paper, section 3.6): work at a squeezed shape, factor out half of the values there, go
 * on with the other half. As in the authors' released code the pieces are put back together, so that the whole is a
 * bijection from a shape to itself and every latent keeps a place in the image.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type Bijection, type FlowContext, type Step, keepingShape } from '../core/bijection';
import { invertOrder } from '../../base/order';
import { reorder } from '../core/tensors';
import type { ImageShape } from './squeeze';
import { withScope } from '../core/scope';

/**
 * fold → inner → fold undone. `inner` keeps its shape; `fold` only moves values, such as a squeeze. Taps the fold's own `x`,
 * `y` and `inverse.x`.
 */
export function folded(name: string, fold: Bijection, inner: Bijection): Bijection {
  return {
    ...keepingShape(name, fold.inputShape),
    parameters: inner.parameters,
    state: inner.state,
    forward(ctx, x) {
      const inside = withScope(fold.name.split('.').at(-1)!, () => fold.forward(ctx, x).value);
      ctx.tap?.(`${fold.name}/x`, x);
      ctx.tap?.(`${fold.name}/y`, inside);
      const { value, logDet } = inner.forward(ctx, inside);
      return { value: fold.inverse(ctx, value).value, logDet };
    },
    inverse(ctx, y) {
      const { value, logDet } = inner.inverse(ctx, fold.forward(ctx, y).value);
      const x = fold.inverse(ctx, value).value;
      ctx.tap?.(`${fold.name}/inverse.x`, x);
      return { value: x, logDet };
    },
  };
}

/**
 * Brings the channels into `order`, leaves the second half as latents and sends the first half through `inner`.
 * Taps `NAME/kept` and `NAME/factored`.
 */
export function factorOut(
  name: string,
  shape: ImageShape,
  order: readonly number[],
  inner: Bijection,
): Bijection {
  const back = invertOrder(order);
  const axis = 3;
  const through = (x: tf.Tensor, run: (kept: tf.Tensor) => Step, tap?: FlowContext['tap']): Step => {
    const [kept, factored] = tf.split(reorder(x, order, axis), 2, axis) as [tf.Tensor, tf.Tensor];
    tap?.(`${name}/kept`, kept);
    tap?.(`${name}/factored`, factored);
    const { value, logDet } = run(kept);
    return { value: reorder(tf.concat([value, factored], axis), back, axis), logDet };
  };
  return {
    ...keepingShape(name, shape),
    parameters: inner.parameters,
    state: inner.state,
    forward: (ctx, x) => through(x, (kept) => inner.forward(ctx, kept), ctx.tap),
    inverse: (ctx, y) => through(y, (kept) => inner.inverse(ctx, kept)),
  };
}
