/** A graph traced for any batch size runs with every one. */
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { createTensorFlowBackend } from '../../../src/engine/backends/tensorflow';
import { anyBatch, trace, type InputSpec, type TensorMap } from '../../../src/graph/trace/trace';
import { assertClose, normalFeeds } from './compare';
import { runEagerly, withoutTensorFlow } from './eager';

const specs = (batch: number): InputSpec[] => [
  { name: 'x', shape: [batch, 4, 4, 2] },
  { name: 'w', shape: [3, 3, 4, 4] },
];

/** Squeeze, convolution, broadcasts and everything whose size is the batch's. */
function everything({ x, w }: TensorMap): TensorMap {
  const batch = x!.shape[0];
  const both = tf.concat([x!, tf.neg(x!)], 3) as Tensor4D;
  const [s, t] = tf.split(tf.conv2d(both, w as Tensor4D, 1, 'same'), 2, 3);
  const y = tf.add(tf.mul(x!, tf.exp(tf.tanh(s!))), t!);
  const blocks = tf.transpose(tf.reshape(y, [batch, 2, 2, 2, 2, 2]), [0, 1, 3, 5, 2, 4]);
  const squeezed = tf.reshape(blocks, [batch, 2, 2, 8]);
  const logDet = tf.add(tf.zeros([batch]), tf.sum(tf.tanh(s!), [1, 2, 3]));
  const spread = tf.mul(tf.broadcastTo(tf.reshape(logDet, [batch, 1]), [batch, 3]), tf.ones([batch, 3]));
  const where = tf.where(tf.greater(y, 0), y, tf.zerosLike(y));
  const flat = tf.reshape(where, [batch * 16, 2]);
  const half = tf.slice(squeezed, [0, 0, 0, 4], [batch, 2, 2, 4]);
  const tiled = tf.tile(tf.tensor2d([1, 2, 3], [1, 3]), [batch, 1]);
  return { squeezed, logDet, spread, flat, half, tiled, padded: tf.pad(spread, [[0, 0], [1, 0]]) }; // prettier-ignore
}

describe('any batch size', () => {
  const graph = trace(everything, specs(anyBatch), { dynamicBatch: anyBatch });

  it('on ONNX Runtime', async () => {
    const backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
    const program = await backend.compile(graph);
    for (const batch of [1, 3, 17]) {
      const feeds = normalFeeds(specs(batch), batch);
      const fixed = await backend.compile(trace(everything, specs(batch)));
      assertClose(await program.run(feeds), await fixed.run(feeds), 1e-5, `batch ${batch}`);
    }
  });

  it('on TensorFlow', { skip: withoutTensorFlow }, async () => {
    const backend = await createTensorFlowBackend({ threads: 1, reason: 'test' });
    const program = await backend.compile(graph);
    for (const batch of [1, 3, 17]) {
      const feeds = normalFeeds(specs(batch), batch);
      assertClose(await program.run(feeds), await runEagerly(everything, feeds), 1e-5, `batch ${batch}`);
    }
  });
});
