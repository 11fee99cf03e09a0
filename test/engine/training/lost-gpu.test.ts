/** A GPU that is lost: the sessions are ONNX Runtime's on the processor, and fail from a moment on as those of a lost device do. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { InferenceSession } from 'onnxruntime-node';
import { loadResume } from '../../../src/checkpoint/resume';
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

  /**
   * @param from which run of its sessions is the first to fail
   * @param back whether there is a device again for sessions that are made after all others were released, as ONNX Runtime has it
   */
  function losing(from: number, back = false): Runtime {
    const runtime = loadRuntime();
    let runs = 0;
    let lost = false;
    let open = 0;
    const create = async (model: Uint8Array, options: InferenceSession.SessionOptions) => {
      const { executionProviders, preferredOutputLocation: _, ...rest } = options;
      const session = await runtime.InferenceSession.create(model, rest);
      if (!executionProviders) return session;
      if (back && open === 0) lost = false;
      open++;
      const [run, close] = [session.run.bind(session), session.release.bind(session)];
      session.run = ((...args: Parameters<typeof run>) => {
        if (++runs === from) lost = true;
        if (!lost) return run(...args);
        return Promise.reject(new Error('Failed to download. value: 4, message: [Device "ORT"] is lost.'));
      }) as typeof run;
      session.release = () => {
        open--;
        return close();
      };
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
    assert.match(backend.info.reason, /^The GPU was lost \(\[Device "ORT"\] is lost\./);
    await program.dispose();
    await backend.dispose();
  });

  const moons = async (): Promise<string> => {
    const config = path.join(folder, 'moons.json');
    await writeFile(
      config,
      JSON.stringify({
        data: { source: 'moons', count: 200, validation: 40 },
        model: { kind: 'vector', dim: 2, couplings: 2, hidden: [8] },
        training: { steps: 8, batch: 16, validateEvery: 100, checkpointEvery: 3, sampleEvery: 100 },
      }),
    );
    return config;
  };

  it('trains on from the last checkpoint where it is back', async () => {
    const config = await moons();
    const finals = [];
    for (const from of [Infinity, 6]) {
      const output = path.join(folder, `back-${from}`);
      const backend = await createWebGpuBackend({ threads: 1, reason: 'test', runtime: losing(from, true) });
      const notes: string[] = [];
      const result = await train({ config, output }, { backend, onNote: (text) => notes.push(text) });
      assert.equal(result.step, 8);
      assert.equal(
        notes.filter((note) => /is back: .* from step 3\.$/.test(note)).length,
        from === 6 ? 1 : 0,
      );
      finals.push((await loadResume(runPaths(output).resume)).tensors);
      await backend.dispose();
    }
    assert.deepEqual(finals[1], finals[0]);
  });

  it('ends a training where it is gone, which can be resumed elsewhere', async () => {
    const config = await moons();
    const output = path.join(folder, 'run');
    const options = { threads: 1, reason: 'test', runtime: losing(6), looksAfter: [0, 0.1] };
    const backend = await createWebGpuBackend(options);
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
