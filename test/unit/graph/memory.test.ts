/** The memory of a graph, counted by hand. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { graphMemory } from '../../../src/graph/memory';
import { trace } from '../../../src/graph/trace/trace';

it('counts what is there at the same time', () => {
  const inputs = [
    { name: 'x', shape: [4, 8] },
    { name: 'w', shape: [8, 16] },
  ];
  // x and w (128 and 512 bytes) and y (16) stay; the product and what is left of it (256 each) are there together.
  const sums = (rows: tf.Tensor): tf.Tensor => tf.sum(tf.relu(rows), 1);
  const plain = trace(({ x, w }) => ({ y: sums(tf.matMul(x!, w!)) }), inputs);
  assert.deepEqual(graphMemory(plain), { peak: 128 + 512 + 16 + 2 * 256, largest: 512 });
  // A reshape hands memory on.
  const reshaped = trace(({ x, w }) => ({ y: sums(tf.reshape(tf.matMul(x!, w!), [4, 16, 1])) }), inputs);
  assert.deepEqual(graphMemory(reshaped), graphMemory(plain));
});
