/** Training on the GPU: the losses of the processor, a resume that is exact, and a choice that is timed. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { loadResume } from '../../src/checkpoint/resume';
import { readMetrics, runPaths } from '../../src/checkpoint/run-folder';
import type { RunConfigInput } from '../../src/config/schema';
import type { Backend } from '../../src/engine/backends/backend';
import { backends } from '../../src/engine/backends/registry';
import { train } from '../../src/engine/training/train';
import type { BackendInfo } from '../../src/protocol/model';
import { oneIn, tried } from '../tried';

const training = { steps: 6, batch: 16, validateEvery: 1, checkpointEvery: 3, sampleEvery: 100, ema: 0.9 };
const vector = { data: { source: 'moons', count: 200, validation: 40 }, training };
const image = { data: { source: 'digits', limit: 60 }, training };
const small: RunConfigInput['model'] = { kind: 'vector', dim: 2, couplings: 2, hidden: [16] };
const runs: { name: string; preset?: string; config: RunConfigInput }[] = [
  { name: 'RealNVP', config: { ...vector, model: small } },
  { name: 'splines', preset: 'nsf', config: { ...vector, model: small } },
  { name: 'MAF', preset: 'maf', config: { ...vector, model: small } },
  {
    name: 'digits',
    config: {
      ...image,
      model: { kind: 'image', height: 8, width: 8, levels: 17, scales: 2, base: 4, blocks: 1 },
    },
  },
];

describe('training on the GPU', () => {
  let gpu: Backend;
  let onnx: Backend;
  let folder: string;
  before(async () => {
    gpu = await backends.webgpu.create({ threads: 1, reason: 'test' });
    onnx = await backends.onnxruntime.create({ threads: 1, reason: 'test' });
    folder = await mkdtemp(path.join(tmpdir(), 'flowscope-gpu-'));
  });
  after(async () => {
    await Promise.all([gpu.dispose(), onnx.dispose()]);
    await rm(folder, { recursive: true, force: true });
  });
  const configOf = async (name: string, config: RunConfigInput): Promise<string> => {
    const file = path.join(folder, `${name}.json`);
    await writeFile(file, JSON.stringify(config));
    return file;
  };

  for (const { name, preset, config } of tried('gpu/training: flows', runs, oneIn(4))) {
    it(`has the losses of the processor for ${name}, also when it is resumed`, async () => {
      const request = { config: await configOf(name, config), ...(preset ? { preset } : {}) };
      const output = (place: string): string => path.join(folder, `${name}-${place}`);
      await train({ ...request, output: output('processor') }, { backend: onnx });
      await train({ ...request, output: output('gpu') }, { backend: gpu });
      await train({ ...request, output: output('resumed'), maxSteps: 4 }, { backend: gpu });
      await train({ output: output('resumed'), resume: true }, { backend: gpu });
      const rows = (place: string) => readMetrics(runPaths(output(place)));
      const [expected, found] = [await rows('processor'), await rows('gpu')];
      assert.equal(found.length, expected.length);
      const apart = (key: 'trainNats' | 'validationNats'): number =>
        Math.max(...found.map((row, i) => Math.abs(row[key]! / expected[i]![key]! - 1)));
      assert.ok(apart('trainNats') < 1e-5, `training: ${apart('trainNats')}`);
      // Adam's first steps go by the sign of a gradient, however close to zero: TensorFlow is as far from ONNX Runtime.
      assert.ok(apart('validationNats') < 2e-3, `validation: ${apart('validationNats')}`);
      const state = async (place: string) => (await loadResume(runPaths(output(place)).resume)).tensors;
      const [once, twice] = [await state('gpu'), await state('resumed')];
      for (const [tensor, { data }] of Object.entries(once))
        assert.deepEqual(twice[tensor]!.data, data, tensor);
    });
  }

  it('is chosen by auto only where a step takes less time, and both times are said', async () => {
    const chosen = async (backend: Backend): Promise<BackendInfo> => {
      let info: BackendInfo | undefined;
      const output = path.join(folder, `auto-${backend.info.name}`);
      const onProgress = (progress: { backend?: BackendInfo }): void => void (info = progress.backend);
      await train(
        { config: await configOf('auto', runs[0]!.config), output, maxSteps: 2 },
        { backend, onProgress },
      );
      return info!;
    };
    const slow = { ...gpu, info: gpu.info, rival: () => Promise.resolve(onnx) };
    const fast = { ...onnx, rival: () => Promise.resolve(gpu) };
    for (const info of [await chosen(slow), await chosen(fast)]) {
      assert.equal(info.name, 'onnxruntime', 'a GPU that is a program');
      assert.match(
        info.reason,
        /^a step of this model takes [\d.]+ m?s on ONNX Runtime .*, [\d.]+ m?s on ONNX Runtime/,
      );
      assert.match(info.reason, /on WebGPU/);
    }
  });
});
