/** Fifty steps of each preset on the GPU have the losses of the processor. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { RunConfigInput } from '../../src/config/schema';
import { presets } from '../../src/config/presets';
import { prepareRun } from '../../src/data/open/prepare';
import { fitStandardization } from '../../src/data/standardize';
import type { Backend } from '../../src/engine/backends/backend';
import { backends } from '../../src/engine/backends/registry';
import { createTrainer } from '../../src/engine/training/trainer';
import { smallConfig, writeSmallData } from '../engine/training/small-presets';
import { thorough, tried } from '../tried';

const steps = 50;
/** Each step divides a gradient by its size, so that what sums in another order differ by grows from step to step. */
const tolerance = 1e-4;

const flows = ['nice', 'nsf', 'maf', 'iaf', 'nsf-autoregressive', 'flow-matching', 'glow'];
const table = presets.find(({ name }) => name === 'tabular')!;
const pictures = presets.find(({ name }) => name === 'image')!;

describe(`the first ${steps} steps on the GPU`, () => {
  let gpu: Backend;
  let processor: Backend;
  let folder: string;
  before(async () => {
    gpu = await backends.webgpu.create({ threads: 2, reason: 'test' });
    processor = await backends.onnxruntime.create({ threads: 2, reason: 'test' });
    folder = await mkdtemp(path.join(tmpdir(), 'flowscope-gpu-'));
    await writeSmallData(folder);
  });
  after(async () => {
    await Promise.all([gpu.dispose(), processor.dispose()]);
    await rm(folder, { recursive: true, force: true });
  });

  const losses = async (preset: string, config: RunConfigInput, backend: Backend): Promise<number[]> => {
    const { config: run, dataset } = await prepareRun({ preset, config }, folder);
    const standardization = run.model.kind === 'vector' ? await fitStandardization(dataset.train) : undefined;
    const trainer = await createTrainer({ config: run, dataset, standardization, backend });
    try {
      const all: number[] = [];
      while (all.length < steps) {
        const count = Math.min(trainer.stepsAhead, steps - all.length);
        for (const result of await trainer.steps(all.length + 1, count))
          all.push(result.nats ?? result.velocityError!);
      }
      return all;
    } finally {
      await trainer.dispose();
      await dataset.close();
    }
  };

  const all = [
    ...presets.map((preset) => ({ name: preset.name, of: preset })),
    ...flows.map((name) => ({ name, of: name === 'glow' ? pictures : table })),
  ];
  // Kernels of other flows are run by the tests of operators and of training; each preset takes half a minute or more here.
  const some = ['moons', 'glow', 'flow-matching'];
  const chosen = all.filter(({ name }) => thorough || some.includes(name));
  for (const { name, of } of tried('gpu/presets', chosen, (_, i) => i === 0))
    it(`are those of the processor: ${name}`, async () => {
      const small = smallConfig(of, folder) as RunConfigInput;
      // Batch norm over four small pictures makes more of rounding, on every backend: digits have the batch of their preset.
      const config = name === 'digits' ? { ...small, training: {} } : small;
      const expected = await losses(name, config, processor);
      const found = await losses(name, config, gpu);
      const apart = found.map((nats, i) => Math.abs(nats - expected[i]!) / Math.abs(expected[i]!));
      assert.ok(
        Math.max(...apart) <= tolerance,
        `step ${apart.indexOf(Math.max(...apart)) + 1}: ${Math.max(...apart)}`,
      );
    });
});
