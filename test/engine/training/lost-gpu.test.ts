/** A GPU that is lost: the sessions are ONNX Runtime's on the processor, and fail from a moment on as those of a lost device do. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { InferenceSession } from 'onnxruntime-node';
import { readStatus, runPaths } from '../../../src/checkpoint/run-folder';
import { loadRuntime, type Runtime } from '../../../src/engine/backends/onnx-session';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { createWebGpuBackend, GpuLostError } from '../../../src/engine/backends/webgpu';
import { train } from '../../../src/engine/training/train';
import { trace } from '../../../src/graph/trace/trace';

describe('a GPU that is lost', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'flowscope-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** @param from which run of its sessions is the first to fail */
  function losing(from: number): Runtime {
    const runtime = loadRuntime();
    let runs = 0;
    const create = async (model: Uint8Array, options: InferenceSession.SessionOptions) => {
      const { executionProviders, preferredOutputLocation: _, ...rest } = options;
      const session = await runtime.InferenceSession.create(model, rest);
      if (!executionProviders) return session;
      const run = session.run.bind(session);
      session.run = ((...args: Parameters<typeof run>) => {
        if (++runs < from) return run(...args);
        return Promise.reject(new Error('Failed to download: [Device "ORT"] is lost.'));
      }) as typeof run;
      return session;
    };
    return { ...runtime, InferenceSession: { create } } as unknown as Runtime;
  }

  it('leaves inference to the processor', async () => {
    const backend = await createWebGpuBackend({ threads: 1, reason: 'test', runtime: losing(2) });
    const program = await backend.compile(
      trace(({ x }) => ({ y: tf.mul(x!, 2) }), [{ name: 'x', shape: [2] }]),
    );
    const x = { shape: [2], data: Float32Array.of(1, 3) };
    for (let i = 0; i < 3; i++) assert.deepEqual([...(await program.run({ x })).y!.data], [2, 6]);
    assert.match(backend.info.library, /on the processor$/);
    assert.match(backend.info.reason, /^The GPU was lost \(Failed to download/);
    await program.dispose();
    await backend.dispose();
  });

  it('ends a training, which goes on from its last checkpoint', async () => {
    const config = path.join(folder, 'moons.json');
    await writeFile(
      config,
      JSON.stringify({
        data: { source: 'moons', count: 200, validation: 40 },
        model: { kind: 'vector', dim: 2, couplings: 2, hidden: [8] },
        training: { steps: 8, batch: 16, validateEvery: 100, checkpointEvery: 3, sampleEvery: 100 },
      }),
    );
    const output = path.join(folder, 'run');
    const backend = await createWebGpuBackend({ threads: 1, reason: 'test', runtime: losing(6) });
    await assert.rejects(train({ config, output }, { backend }), (error) => {
      assert.ok(error instanceof GpuLostError, String(error));
      assert.match(error.message, /is lost\.\)\. What is saved is kept/);
      return true;
    });
    assert.equal((await readStatus(runPaths(output)))!.status, 'failed');
    const onnx = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
    const result = await train({ output, resume: true }, { backend: onnx });
    assert.equal(result.status, 'finished');
    assert.equal(result.step, 8);
    await Promise.all([backend.dispose(), onnx.dispose()]);
  });
});
