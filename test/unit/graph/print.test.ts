import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { withScope } from '../../../src/flow/core/scope';
import { bindConstants } from '../../../src/graph/passes/bind-constants';
import { printGraph } from '../../../src/graph/print';
import { anyBatch, trace, type InputSpec, type TensorMap } from '../../../src/graph/trace/trace';

const x: InputSpec = { name: 'x', shape: [anyBatch, 2] };

function printed(fn: (inputs: TensorMap) => TensorMap, more: InputSpec[] = []): string[] {
  return printGraph(trace(fn, [x, ...more], { dynamicBatch: anyBatch }))
    .trimEnd()
    .split('\n');
}

describe('a graph as text', () => {
  it('names inputs and parameters, and letters the rest; scopes are comments', () => {
    const weight = { name: 'net.weight', shape: [2, 4] };
    const graph = trace(
      (inputs) => {
        const h = withScope('net', () => tf.relu(tf.matMul(inputs['x']!, inputs['net.weight']!)));
        return { y: tf.mul(h, 0.5), sum: tf.sum(h, 1) };
      },
      [x, weight],
      { dynamicBatch: anyBatch },
    );
    const data = Float32Array.from([-2, 0, 1, 3, 0, 0, 0, 0]);
    assert.equal(
      printGraph(bindConstants(graph, { 'net.weight': { shape: [2, 4], data } })),
      `inputs
  x:f32[N,2]
constants
  net.weight:f32[2,4] = -2 to 3, mean 0.25
nodes
  # net
  a:f32[N,4] = BatchMatMul x net.weight
  b:f32[N,4] = Relu a
  # outside of any scope
  c:f32[N,4] = Multiply b 0.5
  d:f32[N] = Sum[axis=[1]] b
outputs
  y = c
  sum = d
`,
    );
  });

  it('writes multiples of the batch size as N in shapes and attributes', () => {
    assert.deepEqual(
      printed(({ x }) => ({ y: tf.slice(tf.reshape(x!, [-1, 1]), [0, 0], [-1, 1]) })).slice(2),
      [
        'nodes',
        '  a:f32[2N,1] = Reshape x',
        '  b:f32[2N,1] = Slice[begin=[0,0] size=[2N,1]] a',
        'outputs',
        '  y = b',
      ],
    );
  });

  it('keeps letters apart from names, and writes small constants out', () => {
    const lines = printed(
      ({ x, a }) => ({ y: tf.add(tf.mul(x!, a!), tf.tensor1d([1 / 3, -0])) }),
      [{ name: 'a', shape: [2] }],
    );
    assert.deepEqual(lines, [
      'inputs',
      '  x:f32[N,2]',
      '  a:f32[2]',
      'constants',
      '  b:f32[2] = 0.3333 -0',
      'nodes',
      '  c:f32[N,2] = Multiply x a',
      '  d:f32[N,2] = Add c b',
      'outputs',
      '  y = d',
    ]);
  });
});
