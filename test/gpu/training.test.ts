/** Training on the GPU: the losses of the processor, a resume that is exact, and a choice that is timed. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { loadResume } from '../../src/checkpoint/resume';
import { readMetrics, runPaths } from '../../src/checkpoint/run-folder';
import type { RunConfigInput } from '../../src/config/schema';
import { prepareRun } from '../../src/data/open/prepare';
import type { Backend } from '../../src/engine/backends/backend';
import { chooseBackend } from '../../src/engine/backends/choose';
import { backends } from '../../src/engine/backends/registry';
import { train } from '../../src/engine/training/train';
import { createTrainer, type StepResult } from '../../src/engine/training/trainer';
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

  /** Results of the first steps, of which `atOnce` are sent before any is looked at, and what a failed one is found to be. */
  const resultsOf = async (config: RunConfigInput, backend: Backend, atOnce: number) => {
    const { config: run, dataset } = await prepareRun({ config }, folder);
    const trainer = await createTrainer({ config: run, dataset, backend });
    try {
      const all: StepResult[] = [];
      for (let step = 1; step <= run.training.steps && all.at(-1)?.finite !== false; step += atOnce)
        all.push(...(await trainer.steps(step, atOnce)));
      const failed = all.at(-1)!.finite ? undefined : await trainer.diagnose(all.length);
      return { all, failed, state: await trainer.fullState() };
    } finally {
      await trainer.dispose();
      await dataset.close();
    }
  };

  it('has the same numbers when several steps are sent at once', async () => {
    const config = { ...vector, model: small, training: { ...training, steps: 12 } };
    assert.equal(gpu.stepsAhead, 16);
    assert.deepEqual(await resultsOf(config, gpu, 12), await resultsOf(config, gpu, 1));
  });

  it('finds the step that is not finite among those that were sent', async () => {
    // The rate rises until an exponential overflows.
    const wild = (learningRate: number): RunConfigInput => ({
      ...vector,
      model: { ...small, scaleMap: 'exp' },
      training: { ...training, learningRate, warmupSteps: 40, clipNorm: 1e9, steps: 48 },
    });
    let rate = 4;
    let expected = await resultsOf(wild(rate), onnx, 1);
    while (!expected.failed && rate < 40) expected = await resultsOf(wild((rate *= 1.2)), onnx, 1);
    const found = await resultsOf(wild(rate), gpu, 16);
    assert.ok(expected.all.length % 16 > 1, `others were sent before and after it: ${expected.all.length}`);
    assert.equal(found.all.length, expected.all.length);
    // With the values before the step; those after it would be of another size.
    const rounded = ({ layer, where }: { layer?: string; where: string }) => [
      layer,
      where.replace(/\d\.\d(?=e)/g, '#'),
    ];
    assert.deepEqual(rounded(found.failed!), rounded(expected.failed!));
  });

  it('has networks in float16 where the GPU computes in it, and refuses them elsewhere', async () => {
    const half = { ...vector, model: small, training: { ...training, precision: 'float16' as const } };
    if (await gpu.hasHalf!()) {
      const [expected, found] = [
        await resultsOf({ ...half, training }, onnx, 1),
        await resultsOf(half, gpu, 6),
      ];
      for (const [i, { nats }] of found.all.entries())
        assert.ok(Math.abs(nats! - expected.all[i]!.nats!) < 1e-2, `step ${i + 1}: ${nats}`);
    } else await assert.rejects(resultsOf(half, gpu, 6), /needs --backend webgpu and a GPU with shader-f16/);
  });

  it('refuses a batch that the GPU has no room for, and names one that fits', async () => {
    const wide = { ...vector, model: { ...small, hidden: [512] }, training: { ...training, batch: 128 } };
    const config = await configOf('wide', wide);
    process.env['FLOWSCOPE_GPU_MEMORY'] = '1';
    const fresh = await backends.webgpu.create({ threads: 1, reason: 'test' });
    try {
      const output = path.join(folder, 'wide');
      await assert.rejects(train({ config, output }, { backend: fresh }), (error: Error) => {
        const [, fits] =
          /^A step of 128 examples does not fit .* Set training.batch to (\d+), which fits/.exec(
            error.message,
          ) ?? [];
        return Number(fits) > 0 && Number(fits) < 128;
      });
    } finally {
      delete process.env['FLOWSCOPE_GPU_MEMORY'];
      await fresh.dispose();
    }
  });

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
    const slow = { ...gpu, info: gpu.info, rival: () => Promise.resolve({ backend: onnx }) };
    const fast = { ...onnx, rival: () => Promise.resolve({ backend: gpu }) };
    for (const info of [await chosen(slow), await chosen(fast)]) {
      assert.equal(info.name, 'onnxruntime', 'a GPU that is a program');
      assert.match(
        info.reason,
        /^a step of this model takes [\d.]+ m?s on ONNX Runtime .*, [\d.]+ m?s on ONNX Runtime/,
      );
      assert.match(info.reason, /on WebGPU/);
    }
  });

  it('is not tried by auto where it is a program on the processor', async () => {
    const backend = await chooseBackend('auto', 2);
    const rival = await backend.rival!();
    assert.ok(rival && 'slow' in rival);
    assert.match(
      rival.slow,
      /^four products of 256 × 256 matrices take [\d.]+ m?s on WebGPU, longer than on any GPU$/,
    );
    const output = path.join(folder, 'auto');
    let info: BackendInfo | undefined;
    const onProgress = (progress: { backend?: BackendInfo }): void => void (info = progress.backend);
    await train(
      { config: await configOf('auto', runs[0]!.config), output, maxSteps: 2 },
      { backend, onProgress },
    );
    assert.equal(info!.reason, rival.slow);
    await backend.dispose();
  });
});
