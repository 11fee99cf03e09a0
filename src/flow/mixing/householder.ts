/**
 * Orthogonal matrices as products of Householder reflections I − 2·v·vᵀ / vᵀv (Tomczak and Welling 2016, as in nflows and
 * FrEIA), alone or as a factor of another matrix.
 */
import * as tf from '@tensorflow/tfjs-core';
import {
  type Bijection,
  type FlowContext,
  type ParameterSpec,
  keepingShape,
  startsAtZero,
} from '../core/bijection';
import { affineMixing } from './affine';
import { solveUpper, strictly, timesUpper } from './triangular';

/** `NAME` is [K, D]: a reflection each, in pairs that undo each other, so that an even number starts as the identity. */
function vectors(name: string, dim: number, reflections: number): ParameterSpec {
  const values = Array.from({ length: reflections * dim }, (_, i) =>
    Number(i % dim === Math.floor(Math.floor(i / dim) / 2) % dim),
  );
  return { name, shape: [reflections, dim], init: { kind: 'values', values } };
}

/** [D, D]: what rows are multiplied by so that the first reflection of [K, D] comes first. */
function matrixOf(reflections: tf.Tensor): tf.Tensor {
  const [count, dim] = reflections.shape as [number, number];
  let matrix: tf.Tensor = tf.eye(dim);
  for (const v of tf.split(reflections, count)) {
    const along = tf.matMul(matrix, v, false, true);
    matrix = tf.sub(matrix, tf.matMul(along, tf.div(tf.mul(v, 2), tf.sum(tf.square(v)))));
  }
  return matrix;
}

const turn = (x: tf.Tensor, matrix: tf.Tensor): tf.Tensor => tf.matMul(x, matrix);
const turnBack = (y: tf.Tensor, matrix: tf.Tensor): tf.Tensor => tf.matMul(y, matrix, false, true);

/** y is x after all reflections of `NAME.vectors`, the first one first. Log-det 0. */
export function householder(name: string, dim: number, reflections: number): Bijection {
  const matrix = (ctx: FlowContext): tf.Tensor => matrixOf(ctx.get(`${name}.vectors`));
  return {
    ...keepingShape(name, [dim]),
    parameters: [vectors(`${name}.vectors`, dim, reflections)],
    mixes: true,
    preservesVolume: true,
    forward: (ctx, x) => ({ value: turn(x, matrix(ctx)), logDet: tf.scalar(0) }),
    inverse: (ctx, y) => ({ value: turnBack(y, matrix(ctx)), logDet: tf.scalar(0) }),
  };
}

/**
 * y = Q·R·x + b (nflows' QRLinear): Q by the reflections of `NAME.vectors`, R upper triangular with the diagonal
 * exp(`NAME.logDiagonal`), of whose `NAME.upper` [D, D] the part above the diagonal counts.
 */
export function qrLinear(name: string, dim: number, reflections: number): Bijection {
  const parameters = [
    vectors(`${name}.vectors`, dim, reflections),
    startsAtZero(`${name}.upper`, [dim, dim]),
    startsAtZero(`${name}.logDiagonal`, [dim]),
  ];
  return affineMixing(name, [dim], parameters, (ctx) => {
    const matrix = matrixOf(ctx.get(`${name}.vectors`));
    const upper = strictly('upper', ctx.get(`${name}.upper`));
    const logDiagonal = ctx.get(`${name}.logDiagonal`);
    const diagonal = tf.exp(logDiagonal);
    return {
      apply: (x) => turn(timesUpper(x, upper, diagonal), matrix),
      undo: (y) => solveUpper(turnBack(y, matrix), upper, diagonal),
      logDet: tf.sum(logDiagonal),
    };
  });
}

/**
 * y = Q₁·D·Q₂·x + b (nflows' SVDLinear): both Q by the reflections of `NAME.first` (of Q₂, which comes first) and
 * `NAME.last`, D the diagonal exp(`NAME.logDiagonal`).
 */
export function svdLinear(name: string, dim: number, reflections: number): Bijection {
  const parameters = [
    vectors(`${name}.first`, dim, reflections),
    startsAtZero(`${name}.logDiagonal`, [dim]),
    vectors(`${name}.last`, dim, reflections),
  ];
  return affineMixing(name, [dim], parameters, (ctx) => {
    const first = matrixOf(ctx.get(`${name}.first`));
    const last = matrixOf(ctx.get(`${name}.last`));
    const logDiagonal = ctx.get(`${name}.logDiagonal`);
    const diagonal = tf.exp(logDiagonal);
    return {
      apply: (x) => turn(tf.mul(turn(x, first), diagonal), last),
      undo: (y) => turnBack(tf.div(turnBack(y, last), diagonal), first),
      logDet: tf.sum(logDiagonal),
    };
  });
}
