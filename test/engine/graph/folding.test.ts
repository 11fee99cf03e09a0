/** Binding parameters and folding normalizations into convolutions changes no result. */
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Backend } from '../../../src/engine/backends/backend';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { createTensorFlowBackend } from '../../../src/engine/backends/tensorflow';
import { bindConstants } from '../../../src/graph/passes/bind-constants';
import { anyBatch, trace, type InputSpec, type TensorMap } from '../../../src/graph/trace/trace';
import { assertClose, normalFeeds } from './compare';
import { withoutTensorFlow } from './eager';

const parameters: InputSpec[] = [
  { name: 'v', shape: [3, 3, 2, 6] },
  { name: 'g', shape: [6] },
  { name: 'mean', shape: [6] },
  { name: 'variance', shape: [6] },
  { name: 'gamma', shape: [6] },
  { name: 'beta', shape: [6] },
  { name: 'w', shape: [1, 1, 6, 2] },
];

/** Weight-normalized convolution, batch normalization in evaluation mode, ReLU, convolution. */
function net({ x, v, g, mean, variance, gamma, beta, w }: TensorMap): TensorMap {
  const weight = tf.mul(v!, tf.div(g!, tf.sqrt(tf.sum(tf.square(v!), [0, 1, 2]))));
  const h = tf.conv2d(x as Tensor4D, weight as Tensor4D, 1, 'same');
  const scale = tf.mul(tf.rsqrt(tf.add(tf.square(variance!), 1e-5)), gamma!);
  const normalized = tf.add(tf.mul(tf.sub(h, mean!), scale), beta!);
  return { y: tf.neg(tf.conv2d(tf.relu(normalized) as Tensor4D, w as Tensor4D, 1, 'same')) };
}

/** Batch normalization of a sum that is needed again, as in a pre-activation block: no convolution takes it in. */
function block({ x, v, mean, variance, gamma, beta, w }: TensorMap): TensorMap {
  const h = tf.conv2d(x as Tensor4D, v as Tensor4D, 1, 'same');
  const scale = tf.mul(tf.rsqrt(tf.add(tf.square(variance!), 1e-5)), gamma!);
  const active = tf.relu(tf.add(tf.mul(h, scale), tf.sub(beta!, tf.mul(mean!, scale))));
  const both = tf.add(h, active);
  return { y: tf.conv2d(both as Tensor4D, w as Tensor4D, 1, 'same'), sum: tf.sum(both, [1, 2, 3]) };
}

async function check(backend: Backend, fn: (inputs: TensorMap) => TensorMap): Promise<void> {
  const image: InputSpec = { name: 'x', shape: [anyBatch, 5, 4, 2] };
  const graph = trace(fn, [image, ...parameters], { dynamicBatch: anyBatch });
  const values = normalFeeds(parameters, 3);
  const x = normalFeeds([{ ...image, shape: [3, 5, 4, 2] }], 4);
  const free = await backend.compile(graph);
  const bound = await backend.compile(bindConstants(graph, values));
  assertClose(await bound.run(x), await free.run({ ...x, ...values }), 1e-5, backend.info.name);
}

describe('folding', () => {
  it('on ONNX Runtime', async () => {
    const backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
    await check(backend, net);
    await check(backend, block);
  });
  it('on TensorFlow', { skip: withoutTensorFlow }, async () => {
    const backend = await createTensorFlowBackend({ threads: 1, reason: 'test' });
    await check(backend, net);
    await check(backend, block);
  });
});
