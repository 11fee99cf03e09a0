import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stream } from '../../../src/data/random';
import type { Graph } from '../../../src/graph/ir';
import { optimize } from './optimize';
import { multiplyPointwise } from '../../../src/graph/passes/pointwise-products';
import { trace } from '../../../src/graph/trace/trace';
import { runReference } from './reference';

function gradients(size: 1 | 3, strides: 1 | 2): Graph {
  return optimize(
    trace(
      ({ x, filter }) => {
        const loss = (x: Tensor, filter: Tensor): Scalar =>
          tf.mean(tf.square(tf.conv2d(x as Tensor4D, filter as Tensor4D, strides, 'same')));
        const [dx, dFilter] = tf.grads(loss)([x!, filter!]);
        return { dx: dx!, dFilter: dFilter! };
      },
      [
        { name: 'x', shape: [2, 4, 6, 3] },
        { name: 'filter', shape: [size, size, 3, 5] },
      ],
    ),
  );
}

test('gradients of convolutions 1×1 are products of matrices, with the same results', () => {
  const graph = gradients(1, 1);
  const multiplied = multiplyPointwise(graph);
  assert.deepEqual(
    multiplied.nodes.map(({ op }) => op).filter((op) => /Conv|MatMul/.test(op)),
    ['Conv2D', 'BatchMatMul', 'BatchMatMul'],
  );
  const random = stream(1, 'pointwise');
  const feeds = {
    x: { shape: [2, 4, 6, 3], data: random.normal(144) },
    filter: { shape: [1, 1, 3, 5], data: random.normal(15) },
  };
  const expected = runReference(graph, feeds);
  for (const [name, { shape, data }] of Object.entries(runReference(multiplied, feeds))) {
    assert.deepEqual(shape, expected[name]!.shape);
    // Sums of at most 48 products in another order.
    data.forEach((value, i) => assert.ok(Math.abs(value - expected[name]!.data[i]!) < 1e-6, `${name}[${i}]`));
  }
});

test('others stay convolutions', () => {
  for (const graph of [gradients(3, 1), gradients(1, 2)])
    assert.ok(multiplyPointwise(graph).nodes.every(({ op }) => op !== 'BatchMatMul'));
});
