/** A training step is the same on every backend, and as op by op in JavaScript. */
import * as tf from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { presets } from '../../../src/config/presets';
import type { Preset } from '../../../src/config/preset';
import type { RunConfig } from '../../../src/config/schema';
import type { Standardization } from '../../../src/config/standardization';
import type { Dataset } from '../../../src/data/dataset';
import { prepareRun } from '../../../src/data/open/prepare';
import { fitStandardization } from '../../../src/data/standardize';
import type { Backend } from '../../../src/engine/backends/backend';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { createTensorFlowBackend } from '../../../src/engine/backends/tensorflow';
import { trainingBatches } from '../../../src/engine/training/batches';
import { packTensors } from '../../../src/engine/training/packed';
import { averageDecayAt, learningRateAt } from '../../../src/engine/training/schedule';
import { stepFunction, trainingVectors } from '../../../src/engine/training/step-graph';
import { createTrainer, initialState } from '../../../src/engine/training/trainer';
import { buildFlow, buildPreprocess, quantizationNats } from '../../../src/flow/flow';
import { sizeOf } from '../../../src/base/shape';
import type { TensorMap } from '../../../src/graph/trace/trace';
import { onCpu } from '../../contract/eager';
import { withoutTensorFlow } from '../graph/eager';
import { tried } from '../../tried';
import { smallConfig, writeSmallData } from './small-presets';

const steps = 20;

let folder: string;
let backends: Backend[];
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'flowscope-'));
  const options = { threads: 1, reason: 'test' };
  backends = [await createOnnxRuntimeBackend(options)];
  if (!withoutTensorFlow) backends.push(await createTensorFlowBackend(options));
  await writeSmallData(folder);
});
after(async () => {
  for (const backend of backends) await backend.dispose();
  await rm(folder, { recursive: true, force: true });
});

async function eagerLosses(
  config: RunConfig,
  dataset: Dataset,
  standardization: Standardization | undefined,
): Promise<number[]> {
  await onCpu();
  const { training } = config;
  const flow = buildFlow(config.model);
  const step = stepFunction(
    { flow, preprocess: buildPreprocess(config.model, flow, standardization) },
    training,
  );
  const batches = trainingBatches(dataset, config, undefined);
  const packed = packTensors(trainingVectors(flow, training), initialState(flow, config));
  let state: TensorMap = Object.fromEntries(
    Object.entries(packed).map(([name, { data }]) => [`state:${name}`, tf.tensor1d(data)]),
  );
  const losses: number[] = [];
  for (let t = 1; t <= steps; t++) {
    const { features: x } = await batches.at(t);
    const results = tf.tidy(() =>
      step({
        ...state,
        x: tf.tensor(x, [batches.size, ...flow.inputShape]),
        learningRate: tf.scalar(learningRateAt(t, training)),
        beta1Power: tf.scalar(training.beta1 ** t),
        beta2Power: tf.scalar(training.beta2 ** t),
        averageDecay: tf.scalar(averageDecayAt(t, training)),
      }),
    );
    losses.push(results.loss!.dataSync()[0]! + quantizationNats(config.model, sizeOf(flow.inputShape)));
    tf.dispose(state);
    state = Object.fromEntries(Object.entries(results).filter(([name]) => name.startsWith('state:')));
  }
  tf.dispose(state);
  await batches.close();
  return losses;
}

/** The others repeat what one of these does, with other data or longer. */
const inJavaScript = new Set(['digits', 'moons', 'tabular', 'paper-cifar10']);

async function check(
  preset: Preset,
  { inJavaScript, base }: { inJavaScript: boolean; base?: number },
): Promise<void> {
  const { config, dataset } = await prepareRun(
    { preset: preset.name, config: smallConfig(preset, folder, base) },
    folder,
  );
  const fitted =
    config.model.kind === 'vector' ? { standardization: await fitStandardization(dataset.train) } : {};
  let expected = inJavaScript ? await eagerLosses(config, dataset, fitted.standardization) : undefined;
  for (const backend of backends) {
    const trainer = await createTrainer({ config, dataset, ...fitted, backend });
    const losses: number[] = [];
    for (let t = 1; t <= steps; t++) losses.push((await trainer.steps(t, 1))[0]!.nats!);
    await trainer.dispose();
    expected ??= losses;
    for (const [i, nats] of losses.entries()) {
      // Float32 sums in another order; what they differ by grows with every step of Adam.
      assert.ok(
        Math.abs(nats - expected[i]!) <= 1e-4 * Math.abs(expected[i]!),
        `${backend.info.library}, step ${i + 1}: ${nats}, ${expected[i]}`,
      );
    }
  }
  await dataset.close();
}

describe(`the first ${steps} steps of a preset`, () => {
  for (const preset of tried('engine/training/backends: presets', presets, ({ name }) =>
    ['digits', 'moons', 'tabular'].includes(name),
  ))
    it(`agree: ${preset.name}`, () => check(preset, { inJavaScript: inJavaScript.has(preset.name) }));

  // From 16 channels on, ONNX Runtime is used in another way.
  it('agree: digits, of more channels', () =>
    check(
      presets.find(({ name }) => name === 'digits')!,
      { inJavaScript: Boolean(withoutTensorFlow), base: 16 },
    ));
});
