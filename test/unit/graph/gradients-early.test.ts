import * as tf from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { computeGradientsEarly } from '../../../src/graph/passes/gradients-early';
import { optimize } from './optimize';
import { trace } from '../../../src/graph/trace/trace';

/** The gradient of a chain of matrices that are parts of one vector, as training packs them. */
function chain(layers: number): ReturnType<typeof trace> {
  return optimize(
    trace(
      ({ weights, x }) => ({
        gradient: tf.grad((vector) => {
          const parts = tf.split(vector, layers, 0);
          return tf.sum(parts.reduce((h, part) => tf.matMul(h, tf.reshape(part, [4, 4])), x!));
        })(weights!),
      }),
      [
        { name: 'weights', shape: [16 * layers] },
        { name: 'x', shape: [3, 4] },
      ],
    ),
  );
}

test('gradients are written the other way round before they are joined, and nothing else changes', () => {
  const graph = chain(40);
  const ordered = computeGradientsEarly(graph);
  const concat = ordered.nodes.findIndex(({ op }) => op === 'Concat');
  const { inputs } = ordered.nodes[concat]!;
  assert.equal(inputs.length, 40);
  // The last layer's gradient is the first to be had, so it comes last.
  assert.deepEqual(
    ordered.nodes.slice(concat - 40, concat).map(({ outputs }) => outputs[0]),
    inputs,
  );
  assert.deepEqual(new Set(ordered.nodes), new Set(graph.nodes));
  const known = new Set([...graph.inputs.map(({ value }) => value), ...graph.constants.keys()]);
  for (const node of ordered.nodes) {
    assert.ok(
      node.inputs.every((id) => known.has(id)),
      `${node.op} follows what it needs`,
    );
    for (const id of node.outputs) known.add(id);
  }
});

test('where a gradient comes is told by what computes it, not by what flattens it', () => {
  const graph = chain(40);
  const concat = graph.nodes.findIndex(({ op }) => op === 'Concat');
  const joined = new Set(graph.nodes[concat]!.inputs);
  const flatten = graph.nodes.filter(({ op, outputs }) => op === 'Reshape' && joined.has(outputs[0]!));
  assert.ok(flatten.length > 30);
  // All of them just before they are joined, and in the order of the layers.
  const others = graph.nodes.slice(0, concat).filter((node) => !flatten.includes(node));
  const late = { ...graph, nodes: [...others, ...flatten.toReversed(), ...graph.nodes.slice(concat)] };
  const orderOf = ({ nodes }: typeof graph): number[] =>
    nodes.filter((node) => flatten.includes(node)).map(({ outputs }) => outputs[0]!);
  assert.notDeepEqual(orderOf(late), orderOf(graph));
  assert.deepEqual(orderOf(computeGradientsEarly(late)), orderOf(computeGradientsEarly(graph)));
});

test('a graph without gradients stays as it is', () => {
  const graph = chain(8);
  assert.equal(computeGradientsEarly(graph), graph);
});
