/** A training step for a GPU has nothing in it that is only faster on processors, and computes the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { stream } from '../../../src/data/random';
import { normalizeBatch } from '../../../src/flow/nets/batch-norm-training';
import type { Graph } from '../../../src/graph/ir';
import { runPasses } from '../../../src/graph/passes/pass';
import { cleanup, tensorFlowStateful } from '../../../src/graph/pipelines/pipelines';
import { trace } from '../../../src/graph/trace/trace';
import { sizeOf } from '../../../src/base/shape';
import { runReference } from './reference';

/** Enough channels for tiles, few enough values for the reference. */
const inputs = [
  { name: 'x', shape: [1, 8, 2, 128] },
  { name: 'wide', shape: [3, 3, 128, 128] },
  { name: 'pointwise', shape: [1, 1, 128, 4] },
  { name: 'gain', shape: [4] },
];

const step = trace((given) => {
  const loss = (x: Tensor, wide: Tensor, pointwise: Tensor, gain: Tensor): Scalar => {
    const conv = (h: Tensor, filter: Tensor): Tensor =>
      tf.conv2d(h as Tensor4D, filter as Tensor4D, 1, 'same');
    const h = conv(tf.tanh(conv(x, wide)), wide);
    return tf.mean(tf.square(normalizeBatch(conv(h, pointwise), gain, gain, 1e-3).y));
  };
  const { value, grads } = tf.valueAndGrads(loss)(inputs.map(({ name }) => given[name]!));
  return { value, ...Object.fromEntries(grads.map((grad, i) => [`d${i}`, grad])) };
}, inputs);

const kernels = (graph: Graph): string[] =>
  graph.nodes
    .map(({ op }) => op)
    .filter((op) => /Conv2D|BatchMatMul|Norm/.test(op))
    .sort();

test('keeps convolutions and norms as they were traced', () => {
  const traced = kernels(runPasses(step, cleanup));
  assert.deepEqual(traced, [
    'BatchNormTraining',
    'BatchNormTrainingGrad',
    ...Array<string>(3).fill('Conv2D'),
    ...Array<string>(3).fill('Conv2DBackpropFilter'),
    ...Array<string>(3).fill('Conv2DBackpropInput'),
  ]);
  assert.deepEqual(kernels(runPasses(step, tensorFlowStateful({ gpu: true }))), traced);

  const processor = kernels(runPasses(step, tensorFlowStateful({ gpu: false })));
  assert.ok(processor.includes('BatchMatMul'), 'gradients of pointwise convolutions are products');
  assert.ok(!processor.some((op) => op.startsWith('BatchNorm')), 'norms of four channels are written out');
  assert.ok(processor.filter((op) => op.startsWith('Conv2D')).length > 12, 'convolutions are of tiles');
});

test('computes what was traced', () => {
  const random = stream(3, 'gpu');
  const feeds = Object.fromEntries(
    inputs.map(({ name, shape }) => [
      name,
      { shape, data: random.normal(sizeOf(shape)).map((value) => 0.1 * value) },
    ]),
  );
  const expected = runReference(step, feeds);
  const found = runReference(runPasses(step, tensorFlowStateful({ gpu: true })), feeds);
  for (const [name, { data }] of Object.entries(expected)) {
    const largest = Array.from(data, Math.abs).reduce((a, b) => Math.max(a, b));
    assert.ok(largest > 0, name);
    data.forEach((value, i) => assert.ok(Math.abs(found[name]!.data[i]! - value) <= 1e-5 * largest, name));
  }
});
