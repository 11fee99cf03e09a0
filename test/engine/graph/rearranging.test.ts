/** Flows with bound parameters, whose convolutions are joined and halved, against the same with parameters fed. */
import * as tf from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { onnx } from 'onnx-proto';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { forwardGraph, inverseGraph } from '../../../src/engine/model/flow-graphs';
import type { Graph } from '../../../src/graph/ir';
import { toOnnx } from '../../../src/graph/onnx/to-onnx';
import { bindUsed } from '../../../src/graph/passes/bind-constants';
import { trace } from '../../../src/graph/trace/trace';
import { flowOf } from '../../contract/flow-of';
import { assertClose, normalFeeds, parametersOf } from './compare';

const operators = (graph: Graph, rearrange: boolean): string[] =>
  onnx.ModelProto.decode(toOnnx(graph, { name: 'flow', rearrange })).graph!.node!.map(
    ({ opType }) => opType!,
  );

const count = (list: readonly string[], opName: string): number => list.filter((op) => op === opName).length;

const conventions = {
  'with a mask channel': { maskChannel: true },
  'the other polarity, soft-clip, x·e⁻ˢ − t': {
    maskChannel: false,
    polarity: 'first-moves',
    scaleMap: 'soft-clip',
    affine: 'inverse-shift-then-scale',
  },
  'without norms, sigmoid': { netNorm: false, flowNorm: false, scaleMap: 'sigmoid' },
};

describe('convolutions that are joined and halved', () => {
  for (const [name, options] of Object.entries(conventions)) {
    it(`give what the flow gives: ${name}`, async () => {
      const flow = flowOf({
        kind: 'image',
        height: 8,
        width: 4,
        channels: 2,
        scales: 2,
        base: 8,
        blocks: 2,
        ...options,
      });
      const tensors = parametersOf(flow);
      const backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
      const x = normalFeeds([{ name: 'x', shape: [3, ...flow.inputShape] }], 6);
      for (const [graph, feeds] of [
        [forwardGraph(flow), x],
        [inverseGraph(flow), { z: x['x']! }],
      ] as const) {
        const bound = bindUsed(graph, tensors);
        const free = await backend.compile(graph);
        const fast = await backend.compile(bound);
        const expected = await free.run({ ...tensors, ...feeds });
        for (const { data } of Object.values(expected)) assert.ok(data.every(Number.isFinite));
        // Sums of up to 72 products in another order, through ten couplings.
        assertClose(await fast.run(feeds), expected, 2e-5, name);

        const [plain, rearranged] = [operators(bound, false), operators(bound, true)];
        assert.equal(count(plain, 'DepthToSpace'), 0);
        assert.equal(count(rearranged, 'DepthToSpace'), 7, 'each of 3 + 4 checkerboards is halved');
      }
    });
  }

  it('and so do vector flows, whose answers come apart as products and whose log-dets are one sum', async () => {
    const flow = flowOf({ kind: 'vector', dim: 19, couplings: 5, hidden: [12], conditioning: 'selected' });
    const tensors = parametersOf(flow);
    const backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
    const x = normalFeeds([{ name: 'x', shape: [7, 19] }], 6);
    for (const [graph, feeds, sums, priors] of [
      [forwardGraph(flow), x, 3, 1],
      [inverseGraph(flow), { z: x['x']! }, 0, 0],
    ] as const) {
      const bound = bindUsed(graph, tensors);
      const free = await backend.compile(graph);
      const fast = await backend.compile(bound);
      const expected = await free.run({ ...tensors, ...feeds });
      assertClose(await fast.run(feeds), expected, 1e-5, 'vectors');
      const [plain, rearranged] = [operators(bound, false), operators(bound, true)];
      assert.equal(count(rearranged, 'MatMul') - count(plain, 'MatMul'), 5 + priors);
      // The prior is a product. Couplings move ten features and nine in turn: two sums instead of five. The way back subtracts them one by one.
      assert.equal(count(plain, 'ReduceSum') - count(rearranged, 'ReduceSum'), sums + priors);
    }
  });

  it('not where a map of the network is asked for', () => {
    const flow = flowOf({ kind: 'image', height: 4, width: 4, channels: 1, scales: 1, base: 8, blocks: 1 });
    const graph = forwardGraph(flow, { tapFilter: (tap) => tap.endsWith('/u') });
    assert.equal(count(operators(bindUsed(graph, parametersOf(flow)), true), 'DepthToSpace'), 0);
  });
});

describe('a slow function that is written out', () => {
  // Below −87 the result is no normal number. Of small values, ELU has the digits that its exponential function leaves of 1.
  const functions = [
    {
      ...{ op: 'Softplus', name: 'softplus', of: tf.softplus, digits: { relative: 1e-6, absolute: 0 } },
      exact: (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    },
    {
      ...{ op: 'Elu', name: 'elu', of: tf.elu, digits: { relative: 0, absolute: 1.2e-7 } },
      exact: (x: number) => (x > 0 ? x : Math.expm1(x)),
    },
  ];
  for (const { op, name, of, digits, exact } of functions)
    it(`loses no digits, of large and of small values: ${name}`, async () => {
      const data = Float32Array.from({ length: 4096 }, (_, i) => ((i - 2048) / 2048) * 87);
      const graph = trace(({ x }) => ({ y: of(x!) }), [{ name: 'x', shape: [1, data.length] }]);
      assert.equal(count(operators(graph, false), op), 1);
      assert.equal(count(operators(graph, true), op), 0);
      const backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
      const program = await backend.compile(graph);
      const { y } = await program.run({ x: { shape: [1, data.length], data } });
      data.forEach((x, i) => {
        const [expected, found] = [exact(x), y!.data[i]!];
        // Its exponential function is accurate to some units in the last place.
        const most = digits.relative * Math.abs(expected) + digits.absolute;
        assert.ok(Math.abs(found - expected) <= most, `${x}: ${found}, not ${expected}`);
      });
      await program.dispose();
      await backend.dispose();
    });
});
