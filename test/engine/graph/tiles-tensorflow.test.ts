/** Training with convolutions in tiles of rows on native TensorFlow: the same values and gradients as without. */
import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTensorFlowBackend } from '../../../src/engine/backends/tensorflow';
import { normalizeBatch } from '../../../src/flow/nets/batch-norm-training';
import { renewedActivation } from '../../../src/graph/kernels/normalization';
import type { passes } from '../../../src/graph/passes/list';
import { runPasses, type PassRun } from '../../../src/graph/passes/pass';
import { tensorFlowStateful } from '../../../src/graph/pipelines/pipelines';
import { trace, type InputSpec } from '../../../src/graph/trace/trace';
import { assertClose, normalFeeds } from './compare';

const depth = 128;
const inputs: InputSpec[] = [
  { name: 'x', shape: [37, 8, 7, depth] },
  { name: 'first', shape: [3, 3, depth, depth] },
  { name: 'second', shape: [3, 3, depth, depth] },
  { name: 'gain', shape: [depth] },
  { name: 'bias', shape: [depth] },
];

const block = (x: Tensor, first: Tensor, second: Tensor, gain: Tensor, bias: Tensor): Scalar => {
  const conv = (h: Tensor, filter: Tensor): Tensor => tf.conv2d(h as Tensor4D, filter as Tensor4D, 1, 'same');
  const h = tf.relu(normalizeBatch(conv(x, first), gain, bias, 1e-3).y);
  return tf.mean(tf.square(tf.add(x, tf.add(conv(h, second), bias))));
};

test('a residual block of 128 channels and its gradients in tiles of rows, its activation computed again', async () => {
  const backend = await createTensorFlowBackend({ threads: 2, reason: 'test' });
  const graph = trace((tensors) => {
    const { value, grads } = tf.valueAndGrads(block)(inputs.map(({ name }) => tensors[name]!));
    return { value, ...Object.fromEntries(inputs.map(({ name }, i) => [`d ${name}`, grads[i]!])) };
  }, inputs);
  const runs: PassRun[] = [];
  runPasses(graph, tensorFlowStateful, (run) => runs.push(run));
  const tiles = runs.find(({ name }) => name === ('tiles of rows' satisfies keyof typeof passes))!;
  const filters = tiles.after.nodes.filter(({ op }) => op === 'Conv2DBackpropFilter');
  assert.equal(filters.length, 12, 'two gradients of filters, six products each');

  assert.ok(tiles.before.nodes.some(({ op }) => op === renewedActivation));

  const feeds = normalFeeds(inputs, 2, (value) => 0.2 * value);
  const plain = await backend.compile(graph);
  const stateful = await backend.compileStateful!({ state: [], functions: { f: graph } });
  // Float32 sums of 1152 products, rounded two to three times as much in tiles.
  assertClose(await stateful.run('f', feeds), await plain.run(feeds), 1e-5, 'in tiles against whole');
  await stateful.dispose();
  await plain.dispose();
  await backend.dispose();
});
