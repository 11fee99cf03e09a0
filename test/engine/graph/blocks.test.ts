/** Functions in ONNX Runtime's blocked layout, as training uses it, equal the same functions without it. */
import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Backend } from '../../../src/engine/backends/backend';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { normalizeBatch } from '../../../src/flow/nets/batch-norm-training';
import { toOnnx } from '../../../src/graph/onnx/to-onnx';
import { trace, type InputSpec, type TensorMap } from '../../../src/graph/trace/trace';
import { assertClose, normalFeeds } from './compare';

let backend: Backend;
before(async () => {
  backend = await createOnnxRuntimeBackend({ threads: 2, reason: 'test' });
});
after(() => backend.dispose());

const conv = (x: Tensor, filter: Tensor, strides = 1, pad: 'same' | 'valid' = 'same'): Tensor =>
  tf.conv2d(x as Tensor4D, filter as Tensor4D, strides, pad);

/** Value and gradients with respect to every input. */
function withGradients(
  inputs: InputSpec[],
  loss: (inputs: TensorMap) => Tensor,
): (i: TensorMap) => TensorMap {
  return (values) => {
    const names = inputs.map(({ name }) => name);
    const fn = (...tensors: Tensor[]): Scalar =>
      tf.mean(tf.square(loss(Object.fromEntries(names.map((name, i) => [name, tensors[i]!])))));
    const { value, grads } = tf.valueAndGrads(fn)(names.map((name) => values[name]!));
    return { value, ...Object.fromEntries(names.map((name, i) => [`d ${name}`, grads[i]!])) };
  };
}

const image: InputSpec = { name: 'x', shape: [3, 6, 5, 3] };
const wide: InputSpec = { name: 'x', shape: [3, 6, 5, 32] };
/** Enough values for activations to be computed again. */
const large: InputSpec = { name: 'x', shape: [64, 16, 8, 32] };
const first: InputSpec = { name: 'first', shape: [3, 3, 3, 32] };
const filter: InputSpec = { name: 'filter', shape: [3, 3, 32, 16] };
const back: InputSpec = { name: 'back', shape: [1, 1, 16, 32] };
const last: InputSpec = { name: 'last', shape: [3, 3, 32, 6] };
const vectors = (names: string[], size: number): InputSpec[] =>
  names.map((name) => ({ name, shape: [size] }));

const cases: { name: string; inputs: InputSpec[]; loss: (i: TensorMap) => Tensor }[] = [
  {
    name: 'convolutions of each size, into blocks and out',
    inputs: [image, first, filter, back, last],
    loss: (i) => conv(conv(conv(conv(i.x!, i.first!), i.filter!), i.back!), i.last!),
  },
  {
    name: 'convolutions without padding and with strides',
    inputs: [image, first, filter, back],
    loss: (i) => conv(conv(conv(i.x!, i.first!, 1, 'valid'), i.filter!, 2), i.back!, 1, 'valid'),
  },
  {
    name: 'a batch normalization before a ReLU',
    inputs: [wide, filter, ...vectors(['gain', 'bias'], 16), back],
    loss: (i) => {
      const { y } = normalizeBatch(conv(i.x!, i.filter!), i.gain!, i.bias!, 1e-3);
      return conv(tf.relu(y), i.back!);
    },
  },
  {
    name: 'a batch normalization that is used as it is, and its statistics',
    inputs: [wide, filter, ...vectors(['gain', 'bias'], 16)],
    loss: (i) => {
      const { y, mean, variance } = normalizeBatch(conv(i.x!, i.filter!), i.gain!, i.bias!, 1e-3);
      return tf.add(tf.add(tf.relu(y), tf.tanh(y)), tf.add(mean, variance));
    },
  },
  {
    name: 'a rectified batch normalization that a convolution and a skip take, computed again on the way back',
    inputs: [large, filter, ...vectors(['gain', 'bias'], 32), { name: 'skip', shape: [1, 1, 32, 16] }],
    loss: (i) => {
      const h = tf.relu(normalizeBatch(i.x!, i.gain!, i.bias!, 1e-3).y);
      return tf.add(conv(h, i.filter!), conv(h, i.skip!));
    },
  },
  {
    name: 'biases and skip connections, two of them at once',
    inputs: [wide, filter, back, ...vectors(['bias'], 32), ...vectors(['scale'], 32)],
    loss: (i) => {
      const h = tf.relu(conv(i.x!, i.filter!));
      const made = tf.add(conv(h, i.back!), i.bias!);
      return tf.add(tf.mul(tf.add(made, i.x!), i.scale!), tf.add(conv(h, i.back!), made));
    },
  },
  {
    name: 'a convolution of a mask, broadcast over the batch',
    inputs: [wide, filter, { name: 'mask', shape: [1, 6, 5, 1] }, { name: 'other', shape: [3, 3, 1, 16] }],
    loss: (i) => tf.mul(tf.add(conv(i.x!, i.filter!), conv(i.mask!, i.other!)), i.mask!),
  },
];

describe('blocked channels', () => {
  for (const { name, inputs, loss } of cases) {
    it(`give the same in ${name}`, async () => {
      const graph = trace(withGradients(inputs, loss), inputs);
      const feeds = normalFeeds(inputs, 3, (x) => 0.3 * x);
      const plain = await backend.compile(graph);
      const blocked = await backend.compileStateful!({ state: [], functions: { f: graph } });
      const expected = await plain.run(feeds);
      // Float32 sums of up to 300 products in another order.
      assertClose(await blocked.run('f', feeds), expected, 1e-5, 'blocked against plain');
      assert.ok(Object.values(expected).every(({ data }) => data.some((value) => value !== 0)));
      await plain.dispose();
      await blocked.dispose();
    });
  }

  it('are used where they are meant to be', () => {
    const { inputs, loss } = cases[0]!;
    const model = toOnnx(trace(withGradients(inputs, loss), inputs), { name: 'f', block: 16 });
    assert.match(Buffer.from(model).toString('latin1'), /com\.microsoft\.nchwc/);
  });
});
