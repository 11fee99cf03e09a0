/** loc + scale·ε of each feature, with ε standard normal or of Student's t: as the config has them, trained, or from the context. */
import * as tf from '@tensorflow/tfjs-core';
import type { FlowContext, ParameterSpec } from '../core/bijection';
import { contextOf } from '../nets/context';
import { mlp } from '../nets/mlp';
import { sumPerExample } from '../core/tensors';
import { standardNormal } from './standard-normal';
import type { Base } from './types';

interface Shifts {
  parameters: readonly ParameterSpec[];
  /** Location and scale for z [N, dim]: [dim] or [N, dim] each. */
  of(ctx: FlowContext): { loc: tf.Tensor; logScale: tf.Tensor };
}

/** @param standard of ε, with independent features */
function shifted(standard: Base, { parameters, of }: Shifts): Base {
  const relative = (ctx: FlowContext, z: tf.Tensor): tf.Tensor => {
    const { loc, logScale } = of(ctx);
    return tf.mul(tf.sub(z, loc), tf.exp(tf.neg(logScale)));
  };
  const logProbByElement = (ctx: FlowContext, z: tf.Tensor): tf.Tensor =>
    tf.sub(standard.logProbByElement!(ctx, relative(ctx, z)), of(ctx).logScale);
  return {
    parameters,
    noiseShape: standard.noiseShape,
    shape: standard.shape === 'standard' ? 'normal' : 'other',
    logProb: (ctx, z) => sumPerExample(logProbByElement(ctx, z)),
    logProbByElement,
    draw(ctx, noise, temperature) {
      const { loc, logScale } = of(ctx);
      return tf.add(loc, tf.mul(standard.draw(ctx, noise, temperature), tf.exp(logScale)));
    },
    scores: (ctx, z) => standard.scores(ctx, relative(ctx, z)),
  };
}

export interface FixedOrTrained {
  /** One number for each feature. */
  loc: readonly number[];
  scale: readonly number[];
  /** Whether these are only where training starts, as `base.loc` and `base.logScale`. */
  trained: boolean;
}

export function locationScale(standard: Base, { loc, scale, trained }: FixedOrTrained): Base {
  const shape = [loc.length];
  const logScale = scale.map(Math.log);
  if (!trained) {
    return shifted(standard, {
      parameters: [],
      of: () => ({ loc: tf.tensor1d([...loc]), logScale: tf.tensor1d(logScale) }),
    });
  }
  return shifted(standard, {
    parameters: [
      { name: 'base.loc', shape, init: { kind: 'values', values: loc } },
      { name: 'base.logScale', shape, init: { kind: 'values', values: logScale } },
    ],
    of: (ctx) => ({ loc: ctx.get('base.loc'), logScale: ctx.get('base.logScale') }),
  });
}

export interface ConditionalNormalOptions {
  dim: number;
  /** Numbers that it sees of the context. */
  seen: number;
  /** Widths of the hidden layers of a network with ReLUs. */
  hidden: readonly number[];
}

/** A network over the context gives all means, then the logarithms of all deviations (nflows). */
export function conditionalNormal({ dim, seen, hidden }: ConditionalNormalOptions): Base {
  const net = mlp({ name: 'base.net', inputs: seen, hidden, outputs: 2 * dim, activation: tf.relu });
  return shifted(standardNormal([dim]), {
    parameters: net.parameters,
    of(ctx) {
      // What the network taps is of no layer.
      const both = net.apply({ ...ctx, tap: undefined }, contextOf(ctx));
      const [loc, logScale] = tf.split(both, 2, 1) as [tf.Tensor, tf.Tensor];
      return { loc, logScale };
    },
  });
}
