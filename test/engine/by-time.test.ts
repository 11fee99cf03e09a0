/** Long runs go to the faster one of two backends, which the first runs tell. The GPU's is ONNX Runtime on the processor here, slower or faster by a wait. */
import * as tf from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { Backend, Feeds } from '../../src/engine/backends/backend';
import { handingOver } from '../../src/engine/backends/by-time';
import { createOnnxRuntimeBackend } from '../../src/engine/backends/onnxruntime';
import { anyBatch, trace } from '../../src/graph/trace/trace';

const graph = trace(({ x }) => ({ y: tf.mul(x!, 2) }), [{ name: 'x', shape: [anyBatch, 2] }], {
  dynamicBatch: anyBatch,
});
const feeds: Feeds = { x: { shape: [4, 2], data: Float32Array.from({ length: 8 }, (_, i) => i) } };
const doubled = [0, 2, 4, 6, 8, 10, 12, 14];

describe('long runs', () => {
  let onnx: Backend;
  before(async () => {
    onnx = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
  });
  after(() => onnx.dispose());

  /** The same with a wait before each run, which is counted. */
  function waiting(milliseconds: number, failing = false) {
    const seen = { compiled: 0, runs: 0, disposed: 0 };
    const backend: Backend = {
      ...onnx,
      async compile(compiled, options) {
        seen.compiled++;
        const program = await onnx.compile(compiled, options);
        return {
          async run(fed) {
            seen.runs++;
            if (failing) throw new Error('no memory is left');
            await setTimeout(milliseconds);
            return program.run(fed);
          },
          dispose: () => {
            seen.disposed++;
            return program.dispose();
          },
        };
      },
      dispose: () => Promise.resolve(),
    };
    return { backend, seen };
  }

  async function after20Runs(
    here: ReturnType<typeof waiting>,
    there: ReturnType<typeof waiting>,
    examples = 1e6,
  ) {
    const lines: string[] = [];
    let asked = 0;
    const open = (): Promise<Backend> => {
      asked++;
      return Promise.resolve(there.backend);
    };
    const backend = handingOver(here.backend, open, (line) => lines.push(line));
    const program = await backend.compile(graph, { examples });
    for (let i = 0; i < 20; i++) {
      assert.deepEqual([...(await program.run(feeds)).y!.data], doubled);
      await setTimeout(5);
    }
    await program.dispose();
    await backend.dispose();
    return { lines, asked };
  }

  it('go to the GPU where it takes less time, and both times are told', async () => {
    const [here, there] = [waiting(30), waiting(1)];
    const { lines } = await after20Runs(here, there);
    assert.ok(there.seen.runs > 10, `${there.seen.runs} of 20 runs`);
    assert.equal(lines.length, 1);
    assert.match(lines[0]!, /an example takes [\d.]+ ms on ONNX Runtime .*, [\d.]+ ms on WebGPU/);
    assert.deepEqual([here.seen.disposed, there.seen.disposed], [1, 1]);
  });

  it('stay where the GPU takes longer, after it was tried twice', async () => {
    const [here, there] = [waiting(1), waiting(30)];
    const { lines } = await after20Runs(here, there);
    assert.equal(there.seen.runs, 2);
    assert.equal(lines.length, 1);
  });

  it('stay where the GPU fails', async () => {
    const [here, there] = [waiting(1), waiting(0, true)];
    await after20Runs(here, there);
    assert.equal(there.seen.runs, 1);
    assert.equal(here.seen.runs, 20);
  });

  it('of a few examples do not ask for a GPU', async () => {
    const [here, there] = [waiting(1), waiting(0)];
    assert.equal((await after20Runs(here, there, 8)).asked, 0);
    const backend = handingOver(here.backend, () => Promise.reject(new Error('not asked')));
    const program = await backend.compile(graph, {});
    assert.deepEqual([...(await program.run(feeds)).y!.data], doubled);
    await program.dispose();
  });
});
