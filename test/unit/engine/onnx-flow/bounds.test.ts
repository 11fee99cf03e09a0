/** What a graph has far too much of is named, or looked through in time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needed, type GraphNode, type OnnxGraph } from '../../../../src/engine/onnx-flow/graph';
import { identifyPorts } from '../../../../src/engine/onnx-flow/ports';
import { processorTime } from '../../support/processor-time';

test('hundreds of thousands of inputs or outputs', () => {
  const port = (name: string, shape: (number | string)[]) => ({ name, dtype: 'float', shape });
  const x = port('x', ['N', 2]);
  const z = port('z', ['N', 2]);
  const many = (shape: (number | string)[]) =>
    Array.from({ length: 200_000 }, (_, i) => port(`p${i}`, shape));
  for (const described of [
    { inputs: [x, ...many([])], outputs: [z] },
    { inputs: [x], outputs: [z, ...many(['N', 2])] },
  ]) {
    const started = processorTime();
    assert.throws(() => identifyPorts('/m.onnx', described, {}, undefined), {
      name: 'UserError',
      message: /has 200002 inputs and outputs/,
    });
    assert.ok(processorTime() - started < 1000);
  }
});

test('a node that reads more tensors than a call can have arguments', () => {
  const reads = Array.from({ length: 300_000 }, (_, i) => `t${i}`);
  const node: GraphNode = { index: 0, op: 'Sum', reads, writes: ['z'], proto: {} };
  const graph = { producer: new Map([['z', node]]) } as unknown as OnnxGraph;
  assert.equal(needed(graph, ['z']).leaves.size, reads.length);
});
