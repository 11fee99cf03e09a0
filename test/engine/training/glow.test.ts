/** Glow trains on the bundled digits; its act norms start from the first batch. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { readMetrics, runPaths } from '../../../src/checkpoint/run-folder';
import { modelSchema } from '../../../src/config/schema';
import type { Backend } from '../../../src/engine/backends/backend';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { createTensorFlowBackend } from '../../../src/engine/backends/tensorflow';
import { initialTensors, setByFirstBatch } from '../../../src/engine/training/initialize';
import { train } from '../../../src/engine/training/train';
import { buildFlow } from '../../../src/flow/flow';
import * as v from 'valibot';
import { contextOf, onCpu, toTensors } from '../../contract/eager';
import { stream } from '../../../src/data/random';

let folder: string;
before(async () => {
  await onCpu();
  folder = await mkdtemp(path.join(tmpdir(), 'flowscope-glow-'));
});
after(() => rm(folder, { recursive: true, force: true }));

async function withBackend(
  make: () => Promise<Backend>,
  use: (backend: Backend) => Promise<void>,
): Promise<void> {
  const backend = await make();
  try {
    await use(backend);
  } finally {
    await backend.dispose();
  }
}

type MakeBackend = (options: { threads: number; reason: string }) => Promise<Backend>;

/** @param kind of 1×1 convolution */
function learns(kind: string, model: object, make: MakeBackend): void {
  it(`learns digits with ${kind} matrices on ${make.name}: bits/dim fall within 40 steps`, async () => {
    const output = path.join(folder, `${kind}-${make.name}`);
    const config = `${output}.json`;
    const training = {
      steps: 40,
      batch: 32,
      warmupSteps: 2,
      validateEvery: 10,
      sampleEvery: 40,
      learningRate: 5e-3,
    };
    await writeFile(config, JSON.stringify({ data: { source: 'digits', limit: 600 }, model, training }));
    await withBackend(
      () => make({ threads: 1, reason: 'test' }),
      async (backend) => {
        await train({ preset: 'glow', config, output }, { backend });
      },
    );
    const validated = (await readMetrics(runPaths(output))).flatMap(
      ({ validationBitsPerDim }) => validationBitsPerDim ?? [],
    );
    assert.ok(validated.length >= 3);
    assert.ok(validated.at(-1)! < validated[0]! - 0.15, validated.join(', '));
  });
}

describe('Glow', () => {
  const net = { kind: 'convolutions', kernels: [3, 1, 3], widths: [16, 16], scaled: true };
  const step = (mask: number[]) => [
    { kind: 'actNorm' },
    { kind: 'fullConv1x1' },
    { kind: 'coupling', mask, net },
  ];
  const whole = { layers: [{ kind: 'squeeze' }, ...step([1, 1, 0, 0]), ...step([1, 1, 0, 0])] };
  for (const [kind, model, make] of [
    ['factored', { steps: 2, base: 16 }, createTensorFlowBackend],
    ['whole', whole, createTensorFlowBackend],
    ['whole', whole, createOnnxRuntimeBackend],
  ] as const)
    learns(kind, model, make);

  it('begins with act norms that center and scale the first batch', async () => {
    const model = v.parse(modelSchema, {
      ...{ kind: 'image', height: 4, width: 4, channels: 2 },
      ...{ architecture: 'glow', scales: 1, steps: 2, base: 4 },
    });
    const flow = buildFlow(model);
    const drawn = initialTensors(flow, 3);
    const x = {
      shape: [16, 4, 4, 2],
      data: stream(1, 'x')
        .normal(512)
        .map((value) => 5 + 3 * value),
    };
    await withBackend(
      () => createOnnxRuntimeBackend({ threads: 1, reason: 'test' }),
      async (backend) => {
        const set = await setByFirstBatch({ flow, preprocess: undefined, backend }, drawn, async () => ({
          x,
        }));
        assert.deepEqual(Object.keys(set).sort(), Object.keys(drawn).sort());
        const taps: Record<string, tf.Tensor> = {};
        flow.forward(contextOf(toTensors(set), false, taps), tf.tensor(x.data, x.shape));
        for (const name of ['actNorms.0', 'actNorms.1']) {
          const { mean, variance } = tf.moments(taps[`${name}/y`]!, [0, 1, 2]);
          for (const value of mean.dataSync()) assert.ok(Math.abs(value) < 1e-4, `mean ${value}`);
          for (const value of variance.dataSync()) assert.ok(Math.abs(value - 1) < 1e-4, `variance ${value}`);
        }
      },
    );
  });
});
