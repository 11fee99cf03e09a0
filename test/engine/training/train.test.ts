/** Training: the numbers of its steps, and what a run leaves behind however it ends; what depends on it on each backend. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { loadAnyCheckpoint } from '../../../src/checkpoint/recognize/load';
import { loadResume } from '../../../src/checkpoint/resume';
import { readMetrics, readStatus, runPaths } from '../../../src/checkpoint/run-folder';
import type { RunConfigInput } from '../../../src/config/schema';
import { prepareRun } from '../../../src/data/open/prepare';
import { fitStandardization } from '../../../src/data/standardize';
import type { Backend } from '../../../src/engine/backends/backend';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { createTensorFlowBackend } from '../../../src/engine/backends/tensorflow';
import { trainingBatches } from '../../../src/engine/training/batches';
import { initialTensors } from '../../../src/engine/training/initialize';
import { train } from '../../../src/engine/training/train';
import { buildFlow, buildPreprocess, logLikelihood } from '../../../src/flow/flow';
import type { TrainProgress } from '../../../src/protocol/engine';
import { contextOf, onCpu, toTensors } from '../../contract/eager';

let backend: Backend;
let onnx: Backend;
let folder: string;
before(async () => {
  backend = await createTensorFlowBackend({ threads: 1, reason: 'test' });
  onnx = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
  folder = await mkdtemp(path.join(tmpdir(), 'flowscope-'));
});
after(async () => {
  await backend.dispose();
  await onnx.dispose();
  await rm(folder, { recursive: true, force: true });
});

const moons: RunConfigInput = {
  data: { source: 'moons', count: 500, validation: 100 },
  model: { kind: 'vector', dim: 2, couplings: 3, hidden: [16] },
  training: {
    steps: 40,
    batch: 32,
    learningRate: 5e-3,
    validateEvery: 10,
    checkpointEvery: 15,
    sampleEvery: 40,
    ema: 0.9,
    schedule: 'cosine',
    warmupSteps: 5,
  },
};
/** @param base from 16 on, ONNX Runtime is used in another way */
const digitsOf = (base: number): RunConfigInput => ({
  data: { source: 'digits', limit: 200 },
  model: { kind: 'image', height: 8, width: 8, levels: 17, scales: 2, base, blocks: 1 },
  training: { steps: 12, batch: 16, flips: true, validateEvery: 4, checkpointEvery: 100, sampleEvery: 100 },
});
const digits = digitsOf(4);

async function configFile(name: string, config: RunConfigInput): Promise<string> {
  const file = path.join(folder, `${name}.flow.json`);
  await writeFile(file, JSON.stringify(config));
  return file;
}

/** Largest difference over all stored tensors of two resume files. */
async function difference(a: string, b: string): Promise<number> {
  const first = await loadResume(runPaths(a).resume);
  const second = await loadResume(runPaths(b).resume);
  assert.equal(first.step, second.step);
  assert.deepEqual(Object.keys(first.tensors).sort(), Object.keys(second.tensors).sort());
  let worst = 0;
  for (const [name, { data }] of Object.entries(first.tensors)) {
    const other = second.tensors[name]!.data;
    data.forEach((value, i) => (worst = Math.max(worst, Math.abs(value - other[i]!))));
  }
  return worst;
}

describe('a training step', () => {
  it('gives the losses that TensorFlow.js gives, op by op, with its own Adam', async () => {
    const { config, dataset } = await prepareRun(
      { config: { ...moons, training: { ...moons.training, schedule: 'constant', warmupSteps: 0, ema: 0 } } },
      folder,
    );
    const flow = buildFlow(config.model);
    const standardization = await fitStandardization(dataset.train);
    const preprocess = buildPreprocess(config.model, flow, standardization);
    const batches = trainingBatches(dataset, config, undefined);

    await onCpu();
    const tensors = toTensors(initialTensors(flow, config.training.seed));
    const variables = flow.parameters.map(({ name }) => tf.variable(tensors[name]!, true, name));
    const optimizer = tf.train.adam(config.training.learningRate, 0.9, 0.999, 1e-8);
    const expected: number[] = [];
    for (let step = 1; step <= 10; step++) {
      const x = tf.tensor((await batches.at(step)).features, [batches.size, 2]);
      const loss = optimizer.minimize(
        () => {
          const all: Record<string, Tensor> = {
            ...tensors,
            ...Object.fromEntries(variables.map((v) => [v.name, v])),
          };
          const parts = logLikelihood(flow, preprocess, contextOf(all, true), x);
          return tf.neg<tf.Scalar>(tf.mean(tf.add(tf.add(parts.prior, parts.logDet), parts.preprocessing)));
        },
        true,
        variables,
      );
      expected.push(loss!.dataSync()[0]!);
    }
    variables.forEach((v) => v.dispose());

    const { createTrainer } = await import('../../../src/engine/training/trainer');
    const trainer = await createTrainer({ config, dataset, standardization, backend });
    for (let step = 1; step <= 10; step++) {
      const [{ nats } = {}] = await trainer.steps(step, 1);
      assert.ok(nats !== undefined);
      // The two differ in how they apply epsilon to the corrected moments, and in the order of float32 sums.
      assert.ok(
        Math.abs(nats - expected[step - 1]!) <= 1e-4 * Math.abs(expected[step - 1]!),
        `step ${step}: ${nats}, ${expected[step - 1]}`,
      );
    }
    await trainer.dispose();
  });
});

for (const [name, config, stopAt, on] of [
  ['moons', moons, 23, 'TensorFlow'],
  ['digits', digits, 5, 'TensorFlow'],
  ['moons', moons, 23, 'ONNX Runtime'],
  ['digits', digitsOf(16), 5, 'ONNX Runtime'],
] as const) {
  const run = `${name}-${on === 'TensorFlow' ? 'tf' : 'ort'}`;
  const chosen = (): Backend => (on === 'TensorFlow' ? backend : onnx);
  describe(`a run on ${name}, ${on}`, () => {
    it('goes on after an interruption exactly as if there had been none', async () => {
      const file = await configFile(run, config);
      const whole = path.join(folder, `${run}-whole`);
      const parts = path.join(folder, `${run}-parts`);
      const end = await train({ config: file, output: whole }, { backend: chosen() });
      assert.equal(end.status, 'finished');

      const controller = new AbortController();
      const stopped = await train(
        { config: file, output: parts },
        {
          backend: chosen(),
          signal: controller.signal,
          onProgress: ({ step }) => step >= stopAt && controller.abort(),
        },
      );
      assert.equal(stopped.status, 'stopped');
      assert.ok(stopped.step < end.step, 'it was interrupted');
      assert.equal((await readStatus(runPaths(parts)))?.status, 'stopped');
      assert.equal((await loadAnyCheckpoint(runPaths(parts).last)).step, stopped.step);

      const resumed = await train({ output: parts, resume: true }, { backend: chosen() });
      assert.equal(resumed.status, 'finished');
      assert.ok((await difference(whole, parts)) <= 1e-6);
      const validations = async (of: string): Promise<number[]> =>
        (await readMetrics(runPaths(of))).flatMap((row) => row.validationNats ?? []);
      const [a, b] = [await validations(whole), await validations(parts)];
      assert.equal(a.length, b.length);
      a.forEach((nats, i) => assert.ok(Math.abs(nats - b[i]!) <= 1e-5 * Math.abs(nats)));
    });

    it('is the same with the same seed and another with another', async () => {
      const file = await configFile(`${run}-seed`, config);
      const runs = [1, 1, 2].map((seed, i) => ({ seed, output: path.join(folder, `${run}-seed-${i}`) }));
      for (const { seed, output } of runs)
        await train({ config: file, output, seed, maxSteps: 6 }, { backend: chosen() });
      assert.ok((await difference(runs[0]!.output, runs[1]!.output)) <= 1e-6);
      assert.ok((await difference(runs[0]!.output, runs[2]!.output)) > 1e-3);
    });
  });
}

describe('a run', () => {
  it('leaves config, metrics, checkpoints and a picture, and lowers the loss', async () => {
    const output = path.join(folder, 'complete');
    const seen: TrainProgress[] = [];
    const result = await train(
      { config: await configFile('complete', moons), output },
      { backend, onProgress: (p) => seen.push(p) },
    );
    assert.equal(result.step, 40);
    assert.deepEqual((await readdir(output)).sort(), [
      'checkpoints',
      'config.json',
      'metrics.jsonl',
      'run.json',
      'samples',
    ]);
    assert.deepEqual(await readdir(path.join(output, 'samples')), ['step-00000040.png']);
    const rows = await readMetrics(runPaths(output));
    const nats = rows.flatMap((row) => row.validationNats ?? []);
    assert.ok(nats[nats.length - 1]! < nats[0]!, `validation ${nats.join(', ')}`);
    for (const row of rows) {
      assert.ok(
        Math.abs(row.trainNats! + row.prior! + row.logDet! + row.preprocessing!) < 1e-4,
        'the parts add up',
      );
    }
    assert.equal(seen[0]?.phase, 'preparing');
    assert.equal(seen[seen.length - 1]?.phase, 'done');
    assert.ok(seen.some((p) => p.etaSeconds !== undefined && p.metrics?.examplesPerSecond));
    const best = await loadAnyCheckpoint(result.bestCheckpoint!);
    assert.equal(best.step, result.best!.step);
    assert.equal(best.metrics?.validationNats, result.best!.nats);
  });

  for (const on of ['TensorFlow', 'ONNX Runtime'])
    it(`stops at a loss that is not finite, names the layer and keeps the last good checkpoint, ${on}`, async () => {
      const config = {
        ...moons,
        training: { ...moons.training, learningRate: 1e4, warmupSteps: 0, clipNorm: 1e9, checkpointEvery: 1 },
      };
      const output = path.join(folder, `diverged ${on}`);
      const result = await train(
        { config: await configFile('diverged', config), output },
        { backend: on === 'TensorFlow' ? backend : onnx },
      );
      assert.equal(result.status, 'failed');
      assert.match(
        result.message,
        /first appears in the output of layer couplings\.\d|gradient of layer couplings\.\d is not|every layer is finite but the loss is not: the output of layer couplings\.\d reaches/,
      );
      const { step, notFinite } = (await readStatus(runPaths(output)))!;
      assert.equal(notFinite!.step, step + 1);
      assert.ok(notFinite!.where.includes(`of layer ${notFinite!.layer}`));
      const { tensors } = await loadAnyCheckpoint(runPaths(output).last);
      for (const { data } of Object.values(tensors)) assert.ok((data as Float32Array).every(Number.isFinite));
    });

  it('stops early when validation no longer improves, and holds the best', async () => {
    const config: RunConfigInput = {
      ...digits,
      data: { source: 'digits', limit: 60 },
      training: { ...digits.training, steps: 400, learningRate: 2e-2, validateEvery: 5, patience: 3 },
    };
    const output = path.join(folder, 'early');
    const result = await train({ config: await configFile('early', config), output }, { backend });
    assert.match(result.message, /not improved for 3 validations/);
    const rows = (await readMetrics(runPaths(output))).filter((row) => row.validationNats !== undefined);
    const lowest = Math.min(...rows.map((row) => row.validationNats!));
    assert.equal(result.best!.nats, lowest);
    assert.equal((await loadAnyCheckpoint(runPaths(output).best)).step, result.best!.step);
    assert.ok(result.step - result.best!.step >= 15);
  });

  it('that is finished goes on for as many steps as it is told, as if its config had said so', async () => {
    // With a schedule the rates of the first steps would tell how many there were to be.
    const config: RunConfigInput = { ...moons, training: { ...moons.training, schedule: 'constant' } };
    const longer = path.join(folder, 'longer-whole');
    await train({ config: await configFile('longer-whole', config), output: longer }, { backend });
    const output = path.join(folder, 'longer');
    const training = { ...config.training, steps: 30 };
    await train({ config: await configFile('longer', { ...config, training }), output }, { backend });
    const nothing = await train({ output, resume: true }, { backend });
    assert.equal(nothing.message, 'All 30 steps are done.');
    const more = await train({ output, resume: true, moreSteps: 10 }, { backend });
    assert.equal(more.message, 'All 40 steps are done.');
    assert.ok((await difference(longer, output)) <= 1e-6);
    const written = JSON.parse(await readFile(path.join(output, 'config.json'), 'utf8')) as RunConfigInput;
    assert.equal(written.training?.steps, 40);
    for (const moreSteps of [0, 1.5, Infinity])
      await assert.rejects(
        train({ output, resume: true, moreSteps }, { backend }),
        /expected a whole number/,
      );
  });

  it('that ended early, or when its time was up, goes on too', async () => {
    const training = { ...moons.training, patience: 2, learningRate: 1e-9, ema: 0, maxSeconds: 1e-6 };
    const output = path.join(folder, 'ended');
    await train({ config: await configFile('ended', { ...moons, training }), output }, { backend });
    const timed = await train({ output, resume: true, moreSteps: 1000 }, { backend });
    assert.match(timed.message, /not improved for 2 validations/);
    const more = await train({ output, resume: true, moreSteps: 5 }, { backend });
    assert.equal(more.message, `All ${timed.step + 5} steps are done.`);
    assert.equal(more.step, timed.step + 5);
  });

  it('refuses a folder that cannot be made', { skip: process.platform !== 'linux' }, async () => {
    const output = '/proc/flowscope/run';
    await assert.rejects(
      train({ config: await configFile('unmade', moons), output }, { backend }),
      /\/proc\/flowscope\/run: no folder can be made there/,
    );
  });

  it('refuses a folder that holds something else, before it trains', async () => {
    const output = path.join(folder, 'occupied');
    await train({ config: await configFile('occupied', moons), output, maxSteps: 1 }, { backend });
    await assert.rejects(
      train({ config: await configFile('occupied', moons), output }, { backend }),
      /already holds a run/,
    );
    assert.match(await readFile(path.join(output, 'config.json'), 'utf8'), /"moons"/);
  });
});
