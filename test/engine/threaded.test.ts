/** ONNX Runtime on threads of its own, as the engine process runs it. */
import * as tf from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Backend, Program } from '../../src/engine/backends/backend';
import { createOnnxRuntimeBackend } from '../../src/engine/backends/onnxruntime';
import { createThreadedOnnxRuntime } from '../../src/engine/backends/threaded';
import { UserError } from '../../src/base/user-error';
import { bindUsed } from '../../src/graph/passes/bind-constants';
import { anyBatch, trace } from '../../src/graph/trace/trace';
import type { NdArray } from '../../src/protocol/tensors';

const script = path.resolve('dist', 'onnx-thread.js');
const options = { threads: 1, reason: 'test' };
const size = 512;

/** Two matrices between tanhs: long enough to be noticed, on a view into a larger buffer. */
const graph = (repeats: number) =>
  bindUsed(
    trace(
      ({ x, w }) => {
        let h = x!;
        for (let i = 0; i < repeats; i++) h = tf.tanh(tf.matMul(h, w!));
        return { h };
      },
      [
        { name: 'x', shape: [anyBatch, size] },
        { name: 'w', shape: [size, size] },
      ],
      { dynamicBatch: anyBatch },
    ),
    { w: { shape: [size, size], data: weights.subarray(size, size + size * size) } },
  );
const weights = Float32Array.from({ length: size * size + 2 * size }, (_, i) => Math.sin(i * i) / 16);
const rows = (count: number): NdArray => ({
  shape: [count, size],
  data: Float32Array.from({ length: count * size }, (_, i) => Math.cos(i * i)),
});

describe('ONNX Runtime on threads', () => {
  let threaded: Backend;
  let direct: Backend;
  before(async () => {
    threaded = await createThreadedOnnxRuntime(script, options);
    direct = await createOnnxRuntimeBackend(options);
  });
  after(() => Promise.all([threaded.dispose(), direct.dispose()]));

  it('is the same library with the same results on both threads', async () => {
    assert.deepEqual(threaded.info, direct.info);
    const feeds = { x: rows(3) };
    const expected = await (await direct.compile(graph(3), { optimize: true })).run(feeds);
    for (const bulk of [false, true]) {
      const program = await threaded.compile(graph(3), { optimize: true, bulk });
      const result = await program.run(feeds);
      assert.deepEqual(result, expected);
      assert.ok((result.h!.data as Float32Array).some((value) => Math.abs(value) > 1e-3));
      await program.dispose();
    }
  });

  it('leaves the calling thread free', async () => {
    const program = await threaded.compile(graph(60));
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const started = performance.now();
    await program.run({ x: rows(256) });
    const took = performance.now() - started;
    clearInterval(timer);
    // On the calling thread it would be none.
    assert.ok(turns >= 3, `${turns} turns in ${took.toFixed(0)} ms`);
    await program.dispose();
  });

  it('starts what is long when nobody waits for anything else', async () => {
    const prompt = await threaded.compile(graph(60));
    const bulk = await threaded.compile(graph(1), { bulk: true });
    const ended: string[] = [];
    const run = async (name: string, program: Program, count: number): Promise<void> => {
      await program.run({ x: rows(count) });
      ended.push(name);
    };
    // The long one is by far the shorter here, and would be first if it were not held back.
    await Promise.all([run('prompt', prompt, 256), run('bulk', bulk, 1), run('prompt again', prompt, 256)]);
    assert.deepEqual(ended, ['prompt', 'prompt again', 'bulk']);
    await Promise.all([prompt.dispose(), bulk.dispose()]);
  });

  it('passes on what is wrong with an input', async () => {
    const program = await threaded.compile(graph(1));
    await assert.rejects(program.run({ x: { shape: [2], data: new Float32Array(2) } }), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /"x" has shape \[2\] and 2 values; \[N, 512\] is expected/);
      return true;
    });
    await program.dispose();
  });

  it('says so when its thread is gone', async () => {
    const ending = await createThreadedOnnxRuntime(script, options);
    const program = await ending.compile(graph(1));
    await ending.dispose();
    await assert.rejects(program.run({ x: rows(1) }), /thread that runs ONNX Runtime ended/);
  });
});
