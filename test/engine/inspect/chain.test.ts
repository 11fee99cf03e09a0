/**
 * Chains of layers over images in the inspector: what it shows is compared with the flow run eagerly on TensorFlow.js (1e-4,
 * float32 in another order), and with the Jacobian of each layer.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { exportOnnx } from '../../../src/engine/export/onnx';
import { openModel } from '../../../src/engine/open/open-model';
import { hasJacobian } from '../../../src/protocol/questions';
import type { Selection } from '../../../src/protocol/selection';
import { contextOf, maxAbsDifference, onCpu, perExample, toTensors } from '../../contract/eager';
import { anySignal, smallModel, type SmallModel } from './model';

const selection: Selection = {
  example: { kind: 'data', split: 'validation', index: 1 },
  batch: { split: 'validation', count: 5 },
  mode: 'eval',
};
const digits = { kind: 'image', height: 8, width: 8, levels: 17 };
const half = (channels: number): number[] =>
  Array.from({ length: channels }, (_, i) => Number(i >= channels / 2));
const net = { kind: 'convolutions', kernels: [3, 1], widths: [3], activation: 'tanh' };

const flows = {
  'a small Glow': {
    ...{ architecture: 'glow', scales: 2, steps: 1, base: 4, dataConstraint: 'centered' },
    ...{ affine: 'shift-then-scale', scaleMap: 'sigmoid', scaleEpsilon: 0.05 },
  },
  'a chain that ends in one pixel': {
    dataConstraint: 'unit',
    latents: 'last-out-first',
    layers: [
      { kind: 'squeeze', order: 'row-major' },
      { kind: 'haar' },
      { kind: 'fullConv1x1', bias: true },
      { kind: 'permute', order: [2, 0, 3, 1] },
      { kind: 'coupling', mask: half(4), net: { ...net, padding: 'ones', kernels: [1, 3], scaled: true } },
      { kind: 'prior', given: 'second' },
      { kind: 'factorOut', leaves: 'first' },
      { kind: 'squeeze' },
      { kind: 'squeeze' },
      { kind: 'flatten' },
      {
        kind: 'coupling',
        mask: half(32),
        net: { kind: 'residual', width: 3, blocks: 1, activation: 'silu' },
      },
    ],
  },
};

before(onCpu);

for (const [name, config] of Object.entries(flows)) {
  describe(name, () => {
    let model: SmallModel;
    before(async () => void (model = await smallModel({ ...digits, ...config }, 'digits')));
    after(() => model.dispose());
    const count = 3;
    const x = Float32Array.from({ length: count * 64 }, (_, i) => 0.4 * Math.sin(i * i));

    it('computes what the flow computes eagerly, there and back', async () => {
      const { flow, tensors, runner } = model.flow;
      const found = await runner.forward(x, count, 'flow');
      const ctx = contextOf(toTensors(tensors as Parameters<typeof toTensors>[0]), false);
      const expected = flow.forward(ctx, tf.tensor(x, [count, 8, 8, 1]));
      assert.ok(maxAbsDifference(found.z, expected.value.dataSync()) < 1e-4);
      assert.ok(maxAbsDifference(found.logDet, perExample(expected.logDet, count)) < 1e-3);
      const back = await runner.inverse(found.z, count, 'flow');
      assert.ok(maxAbsDifference(back.x, x) < 1e-4);
    });

    it('has a strip, findings and a Jacobian of every layer that add up', async () => {
      const { layers } = await model.inspector.ask('summary', undefined, anySignal());
      const strip = await model.inspector.ask('strip', selection, anySignal());
      assert.equal(strip.rows.length, layers.length);
      await model.inspector.ask('diagnostics', selection, anySignal());
      await model.inspector.ask('findings', { batch: selection.batch }, anySignal());
      let compared = 0;
      for (const layer of layers.filter(hasJacobian)) {
        const { logDet, claimed } = await model.inspector.ask(
          'jacobian',
          { ...selection, layer: layer.index, around: -1, count: 32 },
          anySignal(),
        );
        // A block of a larger layer than that says what a coupling does there.
        if (claimed !== undefined) {
          compared++;
          assert.ok(Math.abs(logDet - claimed) < 1e-3, `${layer.name}: ${logDet}, ${claimed}`);
        }
        await model.inspector.ask('network', { layer: layer.index }, anySignal());
      }
      assert.ok(compared >= 3);
    });

    it('is exported to ONNX and opens again', async () => {
      const files = await exportOnnx(model.opened, path.join(model.folder, 'exported'));
      assert.ok(files.maxAbs < 1e-3, `${files.maxAbs}`);
      const backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
      const opened = await openModel(files.files[0]!.path, backend);
      try {
        const { z } = await opened.inspected!.runner.forward(x, count, 'flow');
        const found = await model.flow.runner.forward(x, count, 'flow');
        assert.ok(maxAbsDifference(z, found.z) < 1e-4);
      } finally {
        await opened.dispose();
        await backend.dispose();
      }
    });
  });
}

describe('latents as a library gives them', () => {
  let model: SmallModel;
  before(async () => {
    model = await smallModel({ ...digits, ...flows['a chain that ends in one pixel'] }, 'digits');
  });
  after(() => model.dispose());

  it('come part by part, before the learned priors, and lead back', async () => {
    const { runner: native, flow, tensors } = model.flow;
    const runner = native.asLibrary!;
    assert.deepEqual(runner.outputShape, [64]);
    const x = Float32Array.from({ length: 64 }, (_, i) => 0.3 * Math.cos(i * i));
    const expected = await runner.forward(x, 1, 'flow');
    const taps: Record<string, tf.Tensor> = {};
    flow.forward(
      contextOf(toTensors(tensors as Parameters<typeof toTensors>[0]), false, taps),
      tf.tensor(x, [1, 8, 8, 1]),
    );
    // The last part first: what the last coupling gives; then, channels first, what entered the prior and left.
    const last = taps['couplings.1/y']!.dataSync();
    assert.ok(maxAbsDifference(expected.z.slice(0, 32), last) < 1e-5);
    const left = tf.transpose(tf.slice(taps['priors.0/x']!, [0, 0, 0, 0], [1, 4, 4, 2]), [0, 3, 1, 2]);
    assert.ok(maxAbsDifference(expected.z.slice(32), left.dataSync()) < 1e-5);
    const whole = await native.forward(x, 1, 'flow');
    const difference = expected.logDet[0]! + expected.prior[0]! - (whole.logDet[0]! + whole.prior[0]!);
    assert.ok(Math.abs(difference) < 1e-4);
    const back = await runner.inverse(expected.z, 1, 'flow');
    assert.ok(maxAbsDifference(back.x, x) < 1e-4);
  });
});

describe('the last latents alone, of a library that drops the others', () => {
  let model: SmallModel;
  before(async () => {
    model = await smallModel({ ...digits, ...flows['a small Glow'], latents: 'last' }, 'digits');
  });
  after(() => model.dispose());

  it('come with the density of the others in the log-det, and lead back with their means', async () => {
    const { runner: native } = model.flow;
    const runner = native.asLibrary!;
    assert.deepEqual(runner.outputShape, [2, 2, 8]);
    const x = Float32Array.from({ length: 128 }, (_, i) => 0.3 * Math.cos(i * i));
    const expected = await runner.forward(x, 2, 'flow');
    const whole = await native.forward(x, 2, 'flow');
    for (const i of [0, 1]) {
      const difference = expected.logDet[i]! + expected.prior[i]! - (whole.logDet[i]! + whole.prior[i]!);
      assert.ok(Math.abs(difference) < 1e-4);
    }
    const back = await runner.inverse(expected.z, 2, 'flow');
    const again = await runner.forward(back.x, 2, 'flow');
    assert.ok(maxAbsDifference(again.z, expected.z) < 1e-4);
    assert.ok(
      maxAbsDifference(
        again.logDet,
        back.logDet.map((value) => -value),
      ) < 1e-4,
    );
    // Standard normal values of what was dropped: zero is the mean that the prior predicts.
    const { z } = await native.forward(back.x, 2, 'flow');
    assert.equal(z.filter((value) => Math.abs(value) < 1e-5).length, 64);
  });
});
