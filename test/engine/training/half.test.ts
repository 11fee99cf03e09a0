/**
 * Training with networks in float16. The processor has no such products, so that what goes in and what comes out is rounded to float16
 * here, as on a GPU, and what lies between is computed in float32.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { onnx } from 'onnx-proto';
import { defined } from '../../../src/base/defined';
import type { RunConfigInput } from '../../../src/config/schema';
import { prepareRun } from '../../../src/data/open/prepare';
import type { Backend } from '../../../src/engine/backends/backend';
import { loadRuntime } from '../../../src/engine/backends/onnx-session';
import { compileStateful, createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { StateBuffers } from '../../../src/engine/backends/state-buffers';
import { createTrainer, type StepResult } from '../../../src/engine/training/trainer';
import { thorough } from '../../tried';

const moons: RunConfigInput = {
  data: { source: 'moons', count: 300, validation: 50 },
  model: { kind: 'vector', dim: 2, couplings: 2, hidden: [16] },
  training: { batch: 32, steps: 20 },
};
const digits = { data: { source: 'digits' }, training: { steps: 500 } };

const { FLOAT16 } = onnx.TensorProto.DataType;

/** ONNX Runtime takes two casts after each other for none: a copy between them is one of float16. */
function withCopies(bytes: Uint8Array): Uint8Array {
  const model = onnx.ModelProto.decode(bytes);
  const halves = new Set<string>();
  const node = model.graph!.node!.flatMap((each) => {
    const input = each.input!.map((name) => (halves.has(name) ? `${name}:copy` : name));
    const [output] = each.output as [string];
    const isHalf = each.opType === 'Cast' && (each.attribute![0]!.i as number) === (FLOAT16 as number);
    if (!isHalf && !output.endsWith(':product')) return [{ ...each, input }];
    halves.add(output);
    const copy = {
      name: `${output}/Expand`,
      opType: 'Expand',
      input: [output, 'one'],
      output: [`${output}:copy`],
    };
    return [{ ...each, input }, copy];
  });
  const one = onnx.TensorProto.create({ name: 'one', dims: [1], dataType: 7, int64Data: [1] });
  const initializer = [...model.graph!.initializer!, one];
  return onnx.ModelProto.encode({ ...model, graph: { ...model.graph, node, initializer } }).finish();
}

let float: Backend;
let half: Backend;
before(async () => {
  float = await createOnnxRuntimeBackend({ threads: 2, reason: 'test' });
  const real = loadRuntime();
  const create = (bytes: Uint8Array, options: object) =>
    real.InferenceSession.create(withCopies(bytes), { ...options, graphOptimizationLevel: 'disabled' });
  const runtime = { ...real, InferenceSession: { create } } as unknown as typeof real;
  half = {
    info: float.info,
    stepsAhead: 16,
    hasHalf: () => Promise.resolve(true),
    compile: float.compile,
    compileStateful: (spec) =>
      compileStateful(runtime, spec, new StateBuffers(runtime, spec.state), { threads: 2, spin: true }),
    dispose: () => Promise.resolve(),
  };
});
after(() => float.dispose());

/** @param options `scale`: what the loss is multiplied by at first */
async function trained(
  backend: Backend,
  flow: Omit<RunConfigInput, 'model'>,
  steps: number,
  { scale = 2 ** 16, preset }: { scale?: number; preset?: string } = {},
) {
  const precision = backend === half ? { precision: 'float16' as const } : {};
  const config = { ...flow, training: { ...flow.training, ...precision } };
  const { config: run, dataset } = await prepareRun({ config, ...defined({ preset }) }, '.');
  const started = await createTrainer({ config: run, dataset, backend });
  const state = { ...(await started.fullState()), 'loss.scale': { shape: [], data: Float32Array.of(scale) } };
  await started.dispose();
  const trainer = await createTrainer({ config: run, dataset, backend, state: state });
  try {
    const all: StepResult[] = [];
    while (all.length < steps)
      all.push(...(await trainer.steps(all.length + 1, Math.min(trainer.stepsAhead, steps - all.length))));
    const kept = await trainer.fullState();
    const { nats } = await trainer.evaluate(dataset.validation);
    return { all, kept, bitsPerDim: trainer.bitsPerDim(nats) };
  } finally {
    await trainer.dispose();
    await dataset.close();
  }
}

describe('networks in float16', () => {
  it('have almost the losses of float32', async () => {
    const [expected, found] = [await trained(float, moons, 20), await trained(half, moons, 20)];
    const apart = (key: 'nats' | 'gradientNorm'): number =>
      Math.max(...found.all.map((result, i) => Math.abs(result[key]! / expected.all[i]![key]! - 1)));
    assert.ok(apart('nats') < 1e-3, `${apart('nats')}`);
    assert.ok(apart('gradientNorm') < 0.01 && apart('gradientNorm') > 1e-5, `${apart('gradientNorm')}`);
  });

  it('repeat a step whose gradient overflows with a smaller scale of the loss', async () => {
    const lowered = await trained(half, moons, 1, { scale: 2 ** 40 });
    const scale = lowered.kept['loss.scale']!.data[0]!;
    assert.ok(scale < 2 ** 40 && scale > 1, `${scale}`);
    assert.deepEqual(lowered, await trained(half, moons, 1, { scale }));
    const { all } = await trained(half, moons, 20, { scale: 2 ** 40 });
    assert.ok(all.length === 20 && all.every(({ finite }) => finite));
  });

  it('are refused where a backend has no float16', async () => {
    const config = { ...moons, training: { ...moons.training, precision: 'float16' as const } };
    const { config: run, dataset } = await prepareRun({ config }, '.');
    await assert.rejects(createTrainer({ config: run, dataset, backend: float }), /does not compute in it/);
    await dataset.close();
  });

  if (thorough)
    it('end within 0.002 bits/dim of float32 after 500 steps of digits', async () => {
      const preset = { preset: 'digits' };
      const [expected, found] = [
        await trained(float, digits, 500, preset),
        await trained(half, digits, 500, preset),
      ];
      const apart = Math.abs(found.bitsPerDim! - expected.bitsPerDim!);
      assert.ok(apart < 0.002, `${found.bitsPerDim}, ${expected.bitsPerDim}`);
    });
});
