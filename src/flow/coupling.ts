/**
 * Affine coupling (paper, sections 3.2–3.4): y = b⊙x + (1−b)⊙(x·eˢ + t), with s and t computed from b⊙x alone, so the
 * Jacobian is triangular and its log-det is Σ s over the elements that move. Published flows differ in the form of the
 * affine map (affine-forms.ts) and in where s comes from (scale-maps.ts). An optional batch normalization of the output
 * follows.
 *
 * Taps mean the same for all forms: `NAME/s` is the logarithm of the scale from data to latent, which the log-det sums
 * (minus the s of the conditioner in the inverse forms); `NAME/t` is the shift as the conditioner gives it; both in the
 * layer's full shape, zero where nothing moves. `NAME/u` is what the scale map makes s of, in the full shape (with values
 * where nothing moves) or in that of what moves. `NAME/logDet.coupling` and `NAME/logDet.norm` are the log-det's shares.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { affineMaps } from './affine-forms';
import { flowNorm } from './batch-norm';
import type { Bijection, Conditioner, FlowContext, Step } from './bijection';
import type { CouplingConventions } from './conventions';
import type { Mask } from './masks';
import type { Parting } from './parting';
import { scaleMap } from './scale-maps';
import { maskTensors, sumPerExample } from './tensors';

export interface CouplingOptions extends CouplingConventions {
  name: string;
  shape: readonly number[];
  mask: Mask;
  /** L2 on the learned scale of s. */
  decayScale: boolean;
}

/** The log-scale that is applied, and the shift. */
interface ScaleShift {
  a: Tensor;
  t: Tensor;
}

function tapCoupling(ctx: FlowContext, name: string, parts: Record<string, Tensor>): void {
  if (!ctx.tap) return;
  for (const [part, value] of Object.entries(parts)) ctx.tap(`${name}/${part}`, value);
}

/** The coupling's own log-det, and its norm's where it has one. */
function total(own: Tensor, norm: Step | undefined): Tensor {
  return norm ? tf.add(own, norm.logDet) : own;
}

/** With any mask: the conditioner sees b⊙x in full shape and answers in full shape. */
export function maskedCoupling(options: CouplingOptions, conditioner: Conditioner): Bijection {
  const { name, shape, mask, form } = options;
  const affine = affineMaps[form];
  const map = scaleMap(name, shape[shape.length - 1]!, options.scaleMap, options.decayScale);
  const norm = options.norm && flowNorm({ name: `${name}.norm`, shape, mask, ...options.norm });

  const scaleShift = (ctx: FlowContext, x: Tensor): ScaleShift => {
    const { conditions, moves } = maskTensors(mask);
    const { rawScale, shift } = conditioner.apply(ctx, tf.mul(x, conditions));
    ctx.tap?.(`${name}/u`, rawScale);
    return {
      a: affine.logScale(tf.mul(map.apply(ctx, rawScale), moves)),
      t: tf.mul(shift, moves),
    };
  };

  return {
    name,
    inputShape: shape,
    outputShape: shape,
    parameters: [...conditioner.parameters, ...map.parameters],
    state: [...conditioner.state, ...(norm?.state ?? [])],
    forward(ctx, x) {
      const { a, t } = scaleShift(ctx, x);
      const moved = affine.forward(x, a, t);
      const couplingLogDet = sumPerExample(a);
      const normed = norm?.forward(ctx, moved);
      tapCoupling(ctx, name, { s: a, t, 'logDet.coupling': couplingLogDet });
      if (normed) tapCoupling(ctx, name, { 'logDet.norm': normed.logDet });
      return { value: normed?.value ?? moved, logDet: total(couplingLogDet, normed) };
    },
    inverse(ctx, y) {
      const unnormed = norm?.inverse(ctx, y);
      const moved = unnormed?.value ?? y;
      const { a, t } = scaleShift(ctx, moved);
      return {
        value: affine.inverse(moved, a, t),
        logDet: total(tf.neg(sumPerExample(a)), unnormed),
      };
    },
  };
}

/**
 * The same map where what conditions is taken out of x and what moves likewise: the conditioner sees and answers for
 * those alone, so that nothing is computed that the mask would throw away. Batch normalization is over what moves.
 */
export function partedCoupling(
  options: CouplingOptions,
  parting: Parting,
  conditioner: Conditioner,
): Bijection {
  const { name, shape, form } = options;
  const { divide, join, movedShape } = parting;
  const affine = affineMaps[form];
  const map = scaleMap(name, movedShape[movedShape.length - 1]!, options.scaleMap, options.decayScale);
  const norm = options.norm && flowNorm({ name: `${name}.norm`, shape: movedShape, ...options.norm });

  const scaleShift = (ctx: FlowContext, fixed: Tensor): ScaleShift => {
    const { rawScale, shift } = conditioner.apply(ctx, fixed);
    ctx.tap?.(`${name}/u`, rawScale);
    return { a: affine.logScale(map.apply(ctx, rawScale)), t: shift };
  };

  return {
    name,
    inputShape: shape,
    outputShape: shape,
    parameters: [...conditioner.parameters, ...map.parameters],
    state: [...conditioner.state, ...(norm?.state ?? [])],
    forward(ctx, x) {
      const { fixed, moving } = divide(x);
      const { a, t } = scaleShift(ctx, fixed);
      const moved = affine.forward(moving, a, t);
      const normed = norm?.forward(ctx, moved);
      const couplingLogDet = sumPerExample(a);
      if (ctx.tap) {
        const nothing = tf.mul(fixed, 0);
        tapCoupling(ctx, name, {
          s: join(nothing, a),
          t: join(nothing, t),
          'logDet.coupling': couplingLogDet,
        });
        if (normed) tapCoupling(ctx, name, { 'logDet.norm': normed.logDet });
      }
      return { value: join(fixed, normed?.value ?? moved), logDet: total(couplingLogDet, normed) };
    },
    inverse(ctx, y) {
      const { fixed, moving } = divide(y);
      const unnormed = norm?.inverse(ctx, moving);
      const moved = unnormed?.value ?? moving;
      const { a, t } = scaleShift(ctx, fixed);
      return {
        value: join(fixed, affine.inverse(moved, a, t)),
        logDet: total(tf.neg(sumPerExample(a)), unnormed),
      };
    },
  };
}
