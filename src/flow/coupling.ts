/**
 * Affine coupling (paper, sections 3.2–3.4): y = b⊙x + (1−b)⊙(x·eˢ + t), with s and t computed from b⊙x alone, so the
 * Jacobian is triangular and its log-det is Σ s over the elements that move. s = scale·tanh(·) with a learned scale per
 * channel (the paper's released code has one scalar). An optional batch normalization of the output follows.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../config/schema';
import { flowNorm } from './batch-norm';
import type { Bijection, Conditioner, FlowContext, ParameterSpec, Step } from './bijection';
import { ones } from './init';
import type { Mask } from './masks';
import { maskTensors, sumPerExample } from './tensors';

export type AffineForm = ModelConfig['affine'];

export interface CouplingOptions {
  name: string;
  shape: readonly number[];
  mask: Mask;
  form: AffineForm;
  /** Adds batch normalization of the output, with this share of the new batch in the running statistics. */
  normDecay?: number;
  /** L2 on the learned scale of s. */
  decayScale: boolean;
}

/** Parameter name of the learned scale of s. */
const scaleName = (name: string): string => `${name}.scale`;

function boundedScale(ctx: FlowContext, name: string, raw: Tensor): Tensor {
  return tf.mul(tf.tanh(raw), ctx.get(scaleName(name)));
}

function transform(form: AffineForm, x: Tensor, s: Tensor, t: Tensor): Tensor {
  return form === 'scale-then-shift' ? tf.add(tf.mul(x, tf.exp(s)), t) : tf.mul(tf.add(x, t), tf.exp(s));
}

function untransform(form: AffineForm, y: Tensor, s: Tensor, t: Tensor): Tensor {
  return form === 'scale-then-shift'
    ? tf.mul(tf.sub(y, t), tf.exp(tf.neg(s)))
    : tf.sub(tf.mul(y, tf.exp(tf.neg(s))), t);
}

function scaleParameter(name: string, features: number, decay: boolean): ParameterSpec {
  return { name: scaleName(name), shape: [features], init: ones, decay };
}

/** What a coupling shows of itself: s and t in the layer's full shape, its share of the log-det and its norm's. */
function tapCoupling(ctx: FlowContext, name: string, parts: Record<string, Tensor>): void {
  if (!ctx.tap) return;
  for (const [part, value] of Object.entries(parts)) ctx.tap(`${name}/${part}`, value);
}

/** With any mask: the conditioner sees b⊙x in full shape and answers in full shape. */
export function maskedCoupling(options: CouplingOptions, conditioner: Conditioner): Bijection {
  const { name, shape, mask, form } = options;
  const norm =
    options.normDecay === undefined
      ? undefined
      : flowNorm({ name: `${name}.norm`, shape, mask, decay: options.normDecay });
  const channels = shape[shape.length - 1]!;

  const scaleShift = (ctx: FlowContext, x: Tensor): { s: Tensor; t: Tensor } => {
    const { conditions, moves } = maskTensors(mask);
    const { rawScale, shift } = conditioner.apply(ctx, tf.mul(x, conditions));
    return { s: tf.mul(boundedScale(ctx, name, rawScale), moves), t: tf.mul(shift, moves) };
  };

  return {
    name,
    inputShape: shape,
    outputShape: shape,
    parameters: [...conditioner.parameters, scaleParameter(name, channels, options.decayScale)],
    state: [...conditioner.state, ...(norm?.state ?? [])],
    forward(ctx, x) {
      const { s, t } = scaleShift(ctx, x);
      const moved = transform(form, x, s, t);
      const couplingLogDet = sumPerExample(s);
      const normed = norm?.forward(ctx, moved);
      const y = normed?.value ?? moved;
      tapCoupling(ctx, name, { s, t, 'logDet.coupling': couplingLogDet });
      if (normed) tapCoupling(ctx, name, { 'logDet.norm': normed.logDet });
      return { value: y, logDet: normed ? tf.add(couplingLogDet, normed.logDet) : couplingLogDet };
    },
    inverse(ctx, y) {
      const unnormed = norm?.inverse(ctx, y);
      const moved = unnormed?.value ?? y;
      const { s, t } = scaleShift(ctx, moved);
      const x = untransform(form, moved, s, t);
      const couplingLogDet = tf.neg(sumPerExample(s));
      return { value: x, logDet: unnormed ? tf.add(couplingLogDet, unnormed.logDet) : couplingLogDet };
    },
  };
}

/**
 * With a mask that is one half of the channels: the same map, but the conditioner works on half the channels, so that
 * nothing is computed that the mask would throw away.
 */
export function splitCoupling(
  options: CouplingOptions,
  firstConditions: boolean,
  conditioner: Conditioner,
): Bijection {
  const { name, shape, form } = options;
  const axis = shape.length;
  const half = shape[shape.length - 1]! / 2;
  const norm =
    options.normDecay === undefined
      ? undefined
      : flowNorm({ name: `${name}.norm`, shape: [...shape.slice(0, -1), half], decay: options.normDecay });

  const divide = (x: Tensor): { fixed: Tensor; moving: Tensor } => {
    const [first, second] = tf.split(x, 2, axis) as [Tensor, Tensor];
    return firstConditions ? { fixed: first, moving: second } : { fixed: second, moving: first };
  };
  const join = (fixed: Tensor, moved: Tensor): Tensor =>
    tf.concat(firstConditions ? [fixed, moved] : [moved, fixed], axis);
  const scaleShift = (ctx: FlowContext, fixed: Tensor): { s: Tensor; t: Tensor } => {
    const { rawScale, shift } = conditioner.apply(ctx, fixed);
    return { s: boundedScale(ctx, name, rawScale), t: shift };
  };

  return {
    name,
    inputShape: shape,
    outputShape: shape,
    parameters: [...conditioner.parameters, scaleParameter(name, half, options.decayScale)],
    state: [...conditioner.state, ...(norm?.state ?? [])],
    forward(ctx, x): Step {
      const { fixed, moving } = divide(x);
      const { s, t } = scaleShift(ctx, fixed);
      const moved = transform(form, moving, s, t);
      const normed = norm?.forward(ctx, moved);
      const y = join(fixed, normed?.value ?? moved);
      const couplingLogDet = sumPerExample(s);
      if (ctx.tap) {
        const nothing = tf.mul(fixed, 0);
        tapCoupling(ctx, name, {
          s: join(nothing, s),
          t: join(nothing, t),
          'logDet.coupling': couplingLogDet,
        });
        if (normed) tapCoupling(ctx, name, { 'logDet.norm': normed.logDet });
      }
      return { value: y, logDet: normed ? tf.add(couplingLogDet, normed.logDet) : couplingLogDet };
    },
    inverse(ctx, y): Step {
      const { fixed, moving } = divide(y);
      const unnormed = norm?.inverse(ctx, moving);
      const moved = unnormed?.value ?? moving;
      const { s, t } = scaleShift(ctx, fixed);
      const x = join(fixed, untransform(form, moved, s, t));
      const couplingLogDet = tf.neg(sumPerExample(s));
      return { value: x, logDet: unnormed ? tf.add(couplingLogDet, unnormed.logDet) : couplingLogDet };
    },
  };
}
