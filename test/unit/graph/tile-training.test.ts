/** A training step with its convolutions in tiles of rows, against the same step without, in TensorFlow.js. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { stream } from '../../../src/data/random';
import { normalizeBatch } from '../../../src/flow/nets/batch-norm-training';
import type { Graph } from '../../../src/graph/ir';
import { optimize } from './optimize';
import { trace } from '../../../src/graph/trace/trace';
import { tileTraining } from '../../../src/graph/layouts/exchanged/exchanged';
import type { NdArray } from '../../../src/protocol/tensors';
import { runReference } from './reference';

const conv = (x: Tensor, filter: Tensor, strides = 1): Tensor =>
  tf.conv2d(x as Tensor4D, filter as Tensor4D, strides, 'same');

const inputs = {
  x: [3, 8, 5, 2],
  first: [3, 3, 2, 4],
  second: [3, 3, 4, 4],
  skip: [1, 1, 4, 4],
  last: [3, 3, 4, 2],
  gain: [4],
  bias: [4],
  mask: [1, 8, 5, 1],
};
type Name = keyof typeof inputs;

/** A residual block with a skip into a sum, as conditioners have it, between convolutions of fewer channels; and its gradients. */
function step(strides = 1): Graph {
  return optimize(
    trace(
      (values) => {
        const loss = (...tensors: Tensor[]): Scalar => {
          const i = Object.fromEntries(Object.keys(inputs).map((name, at) => [name, tensors[at]!])) as Record<Name, Tensor>; // prettier-ignore
          const h = conv(i.x, i.first);
          const block = conv(tf.relu(normalizeBatch(h, i.gain, i.bias, 1e-3).y), i.second, strides);
          const sum = strides === 1 ? tf.add(h, tf.add(block, i.bias)) : block;
          const skip = tf.add(conv(sum, i.skip), conv(tf.relu(sum), i.skip));
          const y = conv(tf.tanh(tf.mul(skip, i.gain)), i.last);
          return tf.mean(tf.mul(tf.square(y), strides === 1 ? i.mask : tf.mean(i.mask)));
        };
        const { value, grads } = tf.valueAndGrads(loss)(Object.keys(inputs).map((name) => values[name]!));
        return { value, ...Object.fromEntries(grads.map((grad, i) => [`d${i}`, grad])) };
      },
      Object.entries(inputs).map(([name, shape]) => ({ name, shape })),
    ),
  );
}

const random = stream(3, 'tiles');
const feeds: Record<string, NdArray> = Object.fromEntries(
  Object.entries(inputs).map(([name, shape]) => [
    name,
    { shape, data: random.normal(shape.reduce((a, b) => a * b, 1)).map((value) => 0.5 * value) },
  ]),
);

const countOf = (graph: Graph, op: string): number => graph.nodes.filter((node) => node.op === op).length;

describe('tileTraining', () => {
  it('computes the same values and gradients', () => {
    const graph = step();
    const tiled = tileTraining({ leastChannels: 4 })(graph);
    const expected = runReference(graph, feeds);
    const actual = runReference(tiled, feeds);
    for (const [name, { shape, data }] of Object.entries(expected)) {
      assert.deepEqual(actual[name]!.shape, shape, name);
      const largest = Math.max(...Array.from(data, Math.abs));
      assert.ok(largest > 0, name);
      // Float32: each convolution rounds two to three times as much, and a gradient goes through six of them.
      data.forEach((value, i) => {
        assert.ok(Math.abs(value - actual[name]!.data[i]!) <= 2e-5 * largest, `${name}[${i}]`);
      });
    }
  });

  it('makes six of each convolution and gradient, and transforms nothing twice', () => {
    const graph = step();
    const tiled = tileTraining({ leastChannels: 4 })(graph);
    for (const op of ['Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter'])
      assert.equal(countOf(tiled, op) - countOf(graph, op), 5, op);
    // Forward the filter, the values and the results; back the gradient, the input and the filter.
    assert.equal(countOf(tiled, 'BatchMatMul') - countOf(graph, 'BatchMatMul'), 6);
    // The block goes in once and comes out once on either way; what is between has the rows first.
    assert.ok(countOf(tiled, 'Transpose') - countOf(graph, 'Transpose') <= 6);
  });

  it('leaves other convolutions alone', () => {
    for (const graph of [
      step(2),
      optimize(trace(({ x }) => ({ y: tf.relu(x!) }), [{ name: 'x', shape: [3, 8, 5, 2] }])),
    ])
      assert.equal(tileTraining({ leastChannels: 4 })(graph), graph);
    const graph = step();
    assert.equal(tileTraining({ leastChannels: 5 })(graph), graph);
  });
});
