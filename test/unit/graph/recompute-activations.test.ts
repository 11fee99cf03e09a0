import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { normalizeBatch } from '../../../src/flow/nets/batch-norm-training';
import type { Graph, Node } from '../../../src/graph/ir';
import { renewedActivation } from '../../../src/graph/kernels/normalization';
import { optimize } from './optimize';
import { recomputeActivations } from '../../../src/graph/passes/recompute-activations';
import { trace } from '../../../src/graph/trace/trace';

/** The gradients of a convolution of a rectified norm. */
function step(extra: (h: Tensor) => Record<string, Tensor> = () => ({})): Graph {
  return optimize(
    trace(
      ({ x, gain, bias, filter }) => {
        let h: Tensor | undefined;
        const loss = (x: Tensor, gain: Tensor, bias: Tensor, filter: Tensor): Scalar => {
          h = tf.relu(normalizeBatch(x, gain, bias, 1e-3).y);
          return tf.sum(tf.square(tf.conv2d(h as Tensor4D, filter as Tensor4D, 1, 'same')));
        };
        const [dx, dGain, dBias, dFilter] = tf.grads(loss)([x!, gain!, bias!, filter!]);
        return { dx: dx!, dGain: dGain!, dBias: dBias!, dFilter: dFilter!, ...extra(h!) };
      },
      [
        { name: 'x', shape: [2, 4, 4, 3] },
        { name: 'gain', shape: [3] },
        { name: 'bias', shape: [3] },
        { name: 'filter', shape: [3, 3, 3, 2] },
      ],
    ),
  );
}

const indexOf = (graph: Graph, op: string): number => graph.nodes.findIndex((node) => node.op === op);
const find = (graph: Graph, op: string): Node => graph.nodes[indexOf(graph, op)]!;

describe('recomputeActivations', () => {
  it('lets the way back take nothing rectified from the way forward', () => {
    for (const waits of [true, false]) {
      const graph = recomputeActivations({ leastValues: 1, waits })(step());
      const renewed = find(graph, renewedActivation).outputs[0]!;
      assert.equal(find(graph, 'Conv2DBackpropFilter').inputs[0], renewed);
      assert.equal(find(graph, 'ReluGrad').inputs[1], renewed);
      assert.equal(find(graph, 'Conv2D').inputs[0], find(graph, 'Relu').outputs[0]);
      assert.equal(graph.nodes.filter(({ op }) => op === renewedActivation).length, 1);
    }
  });

  it('waits for the gradient where the backend has to be told to', () => {
    const graph = recomputeActivations({ leastValues: 1, waits: true })(step());
    const after = find(graph, renewedActivation).inputs[5];
    assert.equal(after, find(graph, 'Conv2DBackpropFilter').inputs[1]);
  });

  it('is written before the way back where the order says when it runs', () => {
    const graph = recomputeActivations({ leastValues: 1, waits: false })(step());
    assert.equal(indexOf(graph, renewedActivation), indexOf(graph, 'Relu') + 1);
    assert.equal(find(graph, renewedActivation).inputs.length, 5);
  });

  it('leaves what is asked for as it is, what is small, and graphs without gradients', () => {
    const extended = step((h) => ({ h }));
    assert.equal(recomputeActivations({ leastValues: 1, waits: true })(extended), extended);
    const forward = optimize(
      trace(
        ({ x }) => ({ y: tf.relu(normalizeBatch(x!, tf.ones([3]), tf.zeros([3]), 1e-3).y) }),
        [{ name: 'x', shape: [2, 3] }],
      ),
    );
    assert.equal(recomputeActivations({ leastValues: 1, waits: true })(forward), forward);
    const small = step();
    assert.equal(recomputeActivations({ waits: true })(small), small);
  });
});
