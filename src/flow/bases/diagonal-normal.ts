/** Independent normals, loc + scale·N(0, 1): as the config has them, or trained as `base.loc` and `base.logScale`. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { FlowContext } from '../bijection';
import { sumPerExample } from '../tensors';
import { standardNormal } from './standard-normal';
import type { Base } from './types';

export interface DiagonalNormalOptions {
  /** One number for each feature. */
  loc: readonly number[];
  scale: readonly number[];
  /** Whether these are only where training starts. */
  trained: boolean;
}

export function diagonalNormal({ loc, scale, trained }: DiagonalNormalOptions): Base {
  const shape = [loc.length];
  const logScale = scale.map(Math.log);
  const standard = standardNormal(shape);
  const of = (ctx: FlowContext): { loc: Tensor; logScale: Tensor } =>
    trained
      ? { loc: ctx.get('base.loc'), logScale: ctx.get('base.logScale') }
      : { loc: tf.tensor1d([...loc]), logScale: tf.tensor1d(logScale) };
  const scores = (ctx: FlowContext, z: Tensor): Tensor => {
    const { loc, logScale } = of(ctx);
    return tf.mul(tf.sub(z, loc), tf.exp(tf.neg(logScale)));
  };
  const logProbByElement = (ctx: FlowContext, z: Tensor): Tensor =>
    tf.sub(standard.logProbByElement!(ctx, scores(ctx, z)), of(ctx).logScale);
  return {
    parameters: trained
      ? [
          { name: 'base.loc', shape, init: { kind: 'values', values: loc }, decay: false },
          { name: 'base.logScale', shape, init: { kind: 'values', values: logScale }, decay: false },
        ]
      : [],
    noiseShape: shape,
    shape: 'normal',
    logProb: (ctx, z) => sumPerExample(logProbByElement(ctx, z)),
    logProbByElement,
    draw(ctx, noise, temperature) {
      const { loc, logScale } = of(ctx);
      return tf.add(loc, tf.mul(tf.mul(noise, temperature), tf.exp(logScale)));
    },
    scores,
  };
}
