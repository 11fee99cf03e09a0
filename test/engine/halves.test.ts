/** Batches in two halves at the same time: the same results as in one. */
import * as tf from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { UserError } from '../../src/base/user-error';
import { parseRunConfig } from '../../src/config/parse';
import type { Backend } from '../../src/engine/backends/backend';
import { createOnnxRuntimeBackend } from '../../src/engine/backends/onnxruntime';
import { forwardGraph, inverseGraph } from '../../src/engine/model/flow-graphs';
import { initialTensors } from '../../src/engine/training/initialize';
import { buildFlow, buildPreprocess } from '../../src/flow/flow';
import type { Graph } from '../../src/graph/ir';
import { bindUsed } from '../../src/graph/passes/bind-constants';
import { anyBatch, trace } from '../../src/graph/trace/trace';
import type { NdArray } from '../../src/protocol/tensors';

const helper = path.resolve('dist', 'onnx-thread.js');
const options = { threads: 2, reason: 'test' };

const size = 256;
const weights = Float32Array.from({ length: size * size }, (_, i) => Math.sin(i * i) / 16);
const rows = (count: number, width = size): NdArray => ({
  shape: [count, width],
  data: Float32Array.from({ length: count * width }, (_, i) => Math.cos(i * i)),
});
/** x [N, 256] → `h` [N, 256], and `all`, what the examples of one run add up to. */
const dense = bindUsed(
  trace(
    ({ x, w }) => ({ h: tf.tanh(tf.matMul(x!, w!)), all: tf.sum(x!) }),
    [
      { name: 'x', shape: [anyBatch, size] },
      { name: 'w', shape: [size, size] },
    ],
    { dynamicBatch: anyBatch },
  ),
  { w: { shape: [size, size], data: weights } },
);
const sumOf = (data: Float32Array): number => data.reduce((a, b) => a + b, 0);

describe('a batch in halves', () => {
  let halved: Backend;
  let whole: Backend;
  before(async () => {
    halved = await createOnnxRuntimeBackend({ ...options, helper });
    whole = await createOnnxRuntimeBackend(options);
  });
  after(() => Promise.all([halved.dispose(), whole.dispose()]));

  it('is what large ones go in, where examples are independent, and small ones do not', async () => {
    const feeds = { x: rows(2001) };
    const data = feeds.x.data as Float32Array;
    const all = async (backend: Backend, examples: number | undefined, count: number): Promise<number> => {
      const program = await backend.compile(dense, examples === undefined ? {} : { examples });
      const results = await program.run({
        x: { shape: [count, size], data: data.subarray(0, count * size) },
      });
      await program.dispose();
      assert.deepEqual(results.h!.shape, [count, size]);
      return (results.all!.data as Float32Array)[0]!;
    };
    const near = (actual: number, expected: number): void =>
      assert.ok(Math.abs(actual - expected) < 0.05, `${actual}, expected ${expected}`);
    // What should hold for all is that of the first half, which tells the two apart.
    near(await all(halved, 1e6, 2001), sumOf(data.subarray(0, 1000 * size)));
    near(await all(halved, 1e6, 8), sumOf(data.subarray(0, 8 * size)));
    near(await all(halved, undefined, 2001), sumOf(data));
    near(await all(halved, 8, 2001), sumOf(data));
    near(await all(whole, 1e6, 2001), sumOf(data));
  });

  for (const [name, config, count] of [
    ['features', { model: { kind: 'vector', dim: 63, couplings: 10, hidden: [100, 100] } }, 501],
    ['pixels', { model: { kind: 'image', height: 8, width: 8, channels: 1, levels: 17, base: 16 } }, 65],
  ] as const) {
    it(`gives z, x and log-dets of ${name} as the whole does`, async () => {
      const { model } = parseRunConfig({ data: { source: 'numbers.npy' }, training: {}, ...config }, 'test');
      const flow = buildFlow(model);
      const preprocess = buildPreprocess(model, flow);
      const tensors = initialTensors(flow, 3);
      const values = flow.inputShape.reduce((a, b) => a * b, 1);
      const { data } = rows(count, values);
      const graphs: [string, Graph, NdArray][] = [
        [
          'x',
          bindUsed(forwardGraph(flow, preprocess ? { preprocess } : {}), tensors),
          { shape: [count, ...flow.inputShape], data: data.map((v) => (name === 'pixels' ? 8 + 8 * v : v)) },
        ],
        [
          'z',
          bindUsed(inverseGraph(flow, preprocess), tensors),
          { shape: [count, ...flow.outputShape], data },
        ],
      ];
      for (const [input, graph, feed] of graphs) {
        const [a, b] = await Promise.all(
          [halved, whole].map(async (backend) => {
            const program = await backend.compile(graph, { optimize: true, examples: 1e6 });
            const results = await program.run({ [input]: feed });
            await program.dispose();
            return results;
          }),
        );
        assert.deepEqual(Object.keys(a!).sort(), Object.keys(b!).sort());
        for (const [output, { shape, data: expected }] of Object.entries(b!)) {
          assert.deepEqual(a![output]!.shape, shape, output);
          // The library may take rows of a product in other groups; float32 then rounds otherwise in the last digits.
          (a![output]!.data as Float32Array).forEach((value, i) =>
            assert.ok(
              Math.abs(value - expected[i]!) <= 1e-5 * (1 + Math.abs(expected[i]!)),
              `${output} ${i}: ${value}, whole ${expected[i]}`,
            ),
          );
        }
      }
    });
  }

  it('says what is wrong with what it is fed, and goes on', async () => {
    const program = await halved.compile(dense, { examples: 1e6 });
    await assert.rejects(program.run({ x: rows(2001, size - 1) }), UserError);
    await assert.rejects(program.run({}), UserError);
    assert.deepEqual((await program.run({ x: rows(2001) })).h!.shape, [2001, size]);
    await program.dispose();
  });

  it('is no more where the other thread cannot be had', async () => {
    const alone = await createOnnxRuntimeBackend({ ...options, helper: path.resolve('dist', 'nothing.js') });
    const program = await alone.compile(dense, { examples: 1e6 });
    const { all } = await program.run({ x: rows(2001) });
    assert.ok(Math.abs((all!.data as Float32Array)[0]! - sumOf(rows(2001).data as Float32Array)) < 0.05);
    await alone.dispose();
  });
});
