/** Functions that between them reach every kernel with an ONNX and a TensorFlow form, with inputs in their domains. */
import * as tf from '@tensorflow/tfjs-core';
import type { InputSpec, TensorMap } from '../../../src/graph/trace/trace';

export interface Case {
  name: string;
  inputs: InputSpec[];
  fn: (inputs: TensorMap) => TensorMap;
  /** Maps a standard normal value into the function's domain. */
  domain?: (x: number) => number;
}

const positive = (x: number): number => Math.abs(x) + 0.1;

const unary = (name: string, op: (x: tf.Tensor) => tf.Tensor, domain?: (x: number) => number): Case => ({
  name,
  inputs: [{ name: 'x', shape: [3, 4] }],
  fn: ({ x }) => ({ y: tf.cast(op(x!), 'float32') }),
  ...(domain ? { domain } : {}),
});

const binary = (
  name: string,
  op: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
  domain?: (x: number) => number,
): Case => ({
  name,
  inputs: [
    { name: 'a', shape: [2, 1, 4] },
    { name: 'b', shape: [3, 1] },
  ],
  fn: ({ a, b }) => ({ y: tf.cast(op(a!, b!), 'float32') }),
  ...(domain ? { domain } : {}),
});

const shaped = (name: string, shape: number[], op: (x: tf.Tensor) => tf.Tensor | tf.Tensor[]): Case => ({
  name,
  inputs: [{ name: 'x', shape }],
  fn: ({ x }) => {
    const result = op(x!);
    const tensors = Array.isArray(result) ? result : [result];
    return Object.fromEntries(tensors.map((tensor, i) => [`y${i}`, tf.cast(tensor, 'float32')]));
  },
});

export const cases: Case[] = [
  unary('abs', tf.abs),
  unary('clipByValue', (x) => tf.clipByValue(x, -0.5, 0.7)),
  unary('elu', tf.elu),
  unary('erf', tf.erf),
  unary('exp', tf.exp),
  unary('floor', tf.floor),
  unary('isFinite', tf.isFinite),
  unary('leakyRelu', (x) => tf.leakyRelu(x, 0.1)),
  unary('log', tf.log, positive),
  unary('log1p', tf.log1p, positive),
  unary('logicalNot', (x) => tf.logicalNot(tf.greater(x, 0))),
  unary('neg', tf.neg),
  unary('onesLike', (x) => tf.add(x, tf.onesLike(x))),
  unary('reciprocal', tf.reciprocal, positive),
  unary('relu', tf.relu),
  unary('rsqrt', tf.rsqrt, positive),
  unary('sigmoid', tf.sigmoid),
  unary('sign', tf.sign),
  unary('softplus', tf.softplus),
  unary('sqrt', tf.sqrt, positive),
  unary('square', tf.square),
  unary('step', (x) => tf.step(x, 0.25)),
  unary('tanh', tf.tanh),
  unary('zerosLike', (x) => tf.add(x, tf.zerosLike(x))),
  binary('add', tf.add),
  binary('div', tf.div, positive),
  binary('equal', tf.equal, Math.round),
  binary('floorDiv', tf.floorDiv, positive),
  binary('greater', tf.greater),
  binary('greaterEqual', tf.greaterEqual, Math.round),
  binary('less', tf.less),
  binary('lessEqual', tf.lessEqual, Math.round),
  binary('logicalAnd', (a, b) => tf.logicalAnd(tf.greater(a, 0), tf.greater(b, 0))),
  binary('logicalOr', (a, b) => tf.logicalOr(tf.greater(a, 0), tf.greater(b, 0))),
  binary('maximum', tf.maximum),
  binary('minimum', tf.minimum),
  binary('mul', tf.mul),
  binary('pow', tf.pow, positive),
  binary('sub', tf.sub),
  binary('where', (a, b) => tf.where(tf.greater(a, b), a, b)),
  shaped('addN', [2, 3], (x) => tf.addN([x, tf.square(x), tf.neg(x)])),
  shaped('broadcastTo', [3, 1], (x) => tf.broadcastTo(x, [2, 3, 4])),
  shaped('castToInt', [3, 4], (x) => tf.cast(tf.mul(x, 3), 'int32')),
  shaped('concat', [2, 3], (x) => tf.concat([x, tf.neg(x), x], 1)),
  shaped('cumsum', [2, 3, 2], (x) => [tf.cumsum(x, 1), tf.cumsum(x, 1, true, true)]),
  shaped('expandDims', [2, 3], (x) => tf.expandDims(x, 1)),
  shaped('fill', [2, 3], (x) => tf.add(x, tf.fill([2, 3], 0.5))),
  shaped('gather', [4, 3], (x) => [
    tf.gather(x, tf.tensor1d([2, 0, 2], 'int32')),
    tf.gather(x, tf.tensor1d([1, 0], 'int32'), 1),
  ]),
  // Rows that were taken twice get the sum of two gradients, in a row and in a matrix of indices.
  shaped("gather's gradient", [4, 3], (x) => [
    tf.grad((t) => tf.square(tf.gather(t, tf.tensor1d([2, 0, 2], 'int32'))))(x),
    tf.grad((t) => tf.square(tf.gather(t, tf.tensor1d([1, 2, 0], 'int32'), 1)))(x),
    tf.grad((t) => tf.square(tf.gather(t, tf.tensor2d([2, 0, 2, 1], [2, 2], 'int32'))))(x),
  ]),
  shaped('matMul', [3, 4], (x) => [
    tf.matMul(x, x, false, true),
    tf.matMul(x, x, true, false),
    tf.matMul(tf.reshape(x, [2, 2, 3]), tf.reshape(x, [2, 3, 2])),
  ]),
  shaped('max', [2, 3, 4], (x) => [tf.max(x), tf.max(x, [0, 2]), tf.max(x, 1, true)]),
  shaped('mean', [2, 3, 4], (x) => [tf.mean(x), tf.mean(x, [0, 2]), tf.mean(x, 1, true)]),
  shaped('min', [2, 3, 4], (x) => [tf.min(x), tf.min(x, [0, 2]), tf.min(x, 1, true)]),
  shaped('moments', [2, 3, 4], (x) => {
    const { mean, variance } = tf.moments(x, [0, 1]);
    return [mean, variance];
  }),
  shaped('pad', [2, 3], (x) => tf.pad(x, [[1, 0], [2, 1]], 0.5)), // prettier-ignore
  shaped('pickLarger', [3, 4], (x) => [
    tf.maximum(x, tf.neg(x)),
    tf.minimum(x, tf.square(x)),
    tf.sub(x, tf.tanh(x)),
    tf.where(tf.tensor2d([1, 0, 0, 1], [1, 4], 'bool'), x, tf.square(x)),
  ]),
  shaped('reshape', [2, 3, 4], (x) => [tf.reshape(x, [-1, 6]), tf.reshape(x, [24])]),
  shaped('slice', [3, 4], (x) => [tf.slice(x, [1, 0], [2, -1]), tf.slice(x, [0, 1], [3, 2])]),
  shaped('split', [2, 6], (x) => [...tf.split(x, 3, 1), ...tf.split(x, [1, 5], 1)]),
  shaped('stack', [2, 3], (x) => [tf.stack([x, tf.neg(x)]), tf.stack([x, x], 1), ...tf.unstack(x, 1)]),
  shaped('sum', [2, 3, 4], (x) => [tf.sum(x), tf.sum(x, [0, 2]), tf.sum(x, 1, true)]),
  shaped('sum of many rows', [70, 3], (x) => [tf.sum(x, 0), tf.sum(x, 0, true), tf.sum(x, 1)]),
  shaped('tile', [2, 3], (x) => tf.tile(x, [2, 2])),
  shaped('transpose', [2, 3, 4], (x) => [tf.transpose(x), tf.transpose(x, [1, 0, 2])]),
  {
    name: 'conv2d',
    inputs: [
      { name: 'x', shape: [2, 6, 5, 3] },
      { name: 'w', shape: [3, 3, 3, 4] },
      { name: 'b', shape: [4] },
    ],
    fn: ({ x, w, b }) => {
      const conv = (strides: number, pad: 'same' | 'valid'): tf.Tensor =>
        tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, strides, pad);
      return { y0: tf.relu(tf.add(conv(1, 'same'), b!)), y1: conv(2, 'same'), y2: conv(1, 'valid') };
    },
  },
  {
    name: "conv2d's gradient",
    inputs: [
      { name: 'x', shape: [2, 6, 5, 3] },
      { name: 'w', shape: [3, 3, 3, 4] },
    ],
    fn: ({ x, w }) => {
      const gradient = (strides: number, pad: 'same' | 'valid'): tf.Tensor =>
        tf.grad((h) => tf.square(tf.conv2d(h as tf.Tensor4D, w as tf.Tensor4D, strides, pad)))(x!);
      return { y0: gradient(1, 'same'), y1: gradient(2, 'same'), y2: gradient(2, 'valid') };
    },
  },
  {
    name: "conv2d's gradient of the filter",
    inputs: [
      { name: 'x', shape: [2, 6, 5, 3] },
      { name: 'w', shape: [3, 3, 3, 4] },
      { name: 'v', shape: [1, 1, 3, 4] },
      { name: 'u', shape: [2, 3, 3, 2] },
    ],
    fn: ({ x, w, v, u }) => {
      const gradient = (filter: tf.Tensor, strides: number, pad: 'same' | 'valid'): tf.Tensor =>
        tf.grad((f) => tf.square(tf.conv2d(x as tf.Tensor4D, f as tf.Tensor4D, strides, pad)))(filter);
      return {
        y0: gradient(w!, 1, 'same'),
        y1: gradient(w!, 2, 'same'),
        y2: gradient(w!, 2, 'valid'),
        y3: gradient(w!, 1, 'valid'),
        y4: gradient(v!, 1, 'same'),
        y5: gradient(u!, 1, 'same'),
        y6: gradient(u!, 2, 'same'),
      };
    },
  },
  {
    name: 'residual block with squeeze',
    inputs: [
      { name: 'x', shape: [2, 4, 4, 2] },
      { name: 'w1', shape: [3, 3, 4, 8] },
      { name: 'w2', shape: [1, 1, 8, 4] },
      { name: 'scale', shape: [8] },
      { name: 'mask', shape: [4, 4, 1] },
    ],
    fn: ({ x, w1, w2, scale, mask }) => {
      const masked = tf.mul(x!, mask!);
      const both = tf.concat([masked, tf.neg(masked)], 3) as tf.Tensor4D;
      const h = tf.relu<tf.Tensor4D>(tf.mul(tf.conv2d(both, w1 as tf.Tensor4D, 1, 'same'), scale!));
      const [s, t] = tf.split(tf.conv2d(h, w2 as tf.Tensor4D, 1, 'same'), 2, 3);
      const scaled = tf.mul(tf.tanh(s!), tf.sub(1, mask!));
      const y = tf.add(tf.mul(x!, tf.exp(scaled)), tf.mul(t!, tf.sub(1, mask!)));
      const blocks = tf.transpose(tf.reshape(y, [2, 2, 2, 2, 2, 2]), [0, 1, 3, 5, 2, 4]);
      return {
        y: tf.reshape(blocks, [2, 2, 2, 8]),
        logdet: tf.sum(scaled, [1, 2, 3]),
        perChannel: tf.mean(h, [0, 1, 2]),
      };
    },
  },
];
