/** Couplings that only shift (NICE): they have no s and no share of the log-det, and no view says otherwise. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { exportOnnx } from '../../../src/engine/export/onnx';
import { createInspector, type Inspector } from '../../../src/engine/inspect/inspector';
import { openModel } from '../../../src/engine/model/open-model';
import type { Selection } from '../../../src/protocol/inspect';
import { isQuantity } from '../../../src/protocol/quantities';
import { onCpu } from '../../contract/eager';
import { anySignal, digitsModel, smallModel, type SmallModel } from './model';

const selection: Selection = {
  example: { kind: 'data', split: 'validation', index: 1 },
  batch: { split: 'validation', count: 5 },
  mode: 'eval',
};
const vector = { kind: 'vector', dim: 2, couplings: 4, hidden: [8], transform: 'additive' };

let models: Record<string, SmallModel>;
before(async () => {
  await onCpu();
  models = {
    masked: await smallModel(vector, 'moons'),
    selected: await smallModel({ ...vector, conditioning: 'selected', nets: 'separate' }, 'moons'),
    normed: await smallModel({ ...vector, flowNorm: true }, 'moons'),
    image: await smallModel({ ...digitsModel, transform: 'additive', flowNorm: false }, 'digits'),
  };
});
after(async () => {
  for (const model of Object.values(models)) await model.dispose();
});

async function shiftsOnly(inspector: Inspector): Promise<void> {
  const { layers } = await inspector.ask('summary', undefined, anySignal());
  const couplings = layers.filter(({ coupling }) => coupling !== undefined);
  assert.ok(couplings.length > 0);
  const strip = await inspector.ask('strip', selection, anySignal());
  assert.equal(Math.abs(strip.example!.couplings), 0);
  assert.equal(Math.abs(strip.mean.couplings), 0);
  for (const { index, formula, preservesVolume } of couplings) {
    assert.equal(formula, 'x + t');
    assert.equal(preservesVolume, true);
    assert.equal(strip.rows[index]!.mean.coupling, 0);
    assert.ok(strip.rows[index]!.roundTrip < 1e-5);
    const view = await inspector.ask('layer', { ...selection, layer: index }, anySignal());
    assert.deepEqual(
      view.tensors.filter(({ role }) => isQuantity(role)).map(({ name, role }) => [name, role]),
      [['t', 'shift']],
    );
    assert.equal(view.logDetMap, undefined);
    assert.equal(view.logDetMapMean, undefined);
    const [x, t, y] = ['x', 't', 'y'].map((name) => view.tensors.find((tensor) => tensor.name === name)!.data!);
    y!.forEach((value, i) => {
      const { mean, std } = view.norm ?? { mean: [], std: [] };
      const moved = view.mask!.data[i]! < 0.5;
      const before = moved ? value * (std[i] ?? 1) + (mean[i] ?? 0) : value;
      assert.ok(Math.abs(x![i]! + t![i]! - before) < 1e-4, `${before} of ${x![i]!} and ${t![i]!}`);
    });
  }
  const { findings } = await inspector.ask('findings', { batch: selection.batch }, anySignal());
  for (const check of ['scaleSize', 'saturation'] as const) {
    const finding = findings.find((one) => one.check === check)!;
    assert.deepEqual([finding.severity, finding.kind], ['skipped', 'noScale'], check);
  }
  assert.match(findings.find(({ check }) => check === 'deadConditioner')!.sentence, /^t /);
  for (const { sentence } of findings) assert.doesNotMatch(sentence, /NaN [^or]|undefined/, sentence);
}

describe('additive couplings', () => {
  for (const name of ['masked', 'selected', 'normed', 'image']) {
    it(`of a ${name} flow have t alone in every view`, async () => {
      await shiftsOnly(models[name]!.inspector);
    });
  }

  it('have a Jacobian with ones on its diagonal, as they claim', async () => {
    const { inspector, flow } = models['masked']!;
    const { index } = flow.layers.find(({ info }) => info.coupling !== undefined)!.info;
    const view = await inspector.ask(
      'jacobian',
      { ...selection, layer: index, around: -1, count: 8 },
      anySignal(),
    );
    assert.deepEqual([...view.expected!], [1, 1]);
    assert.ok(Math.abs(view.logDet) < 1e-6);
    assert.equal(view.claimed, 0);
  });

  it('are found again in an ONNX file', async () => {
    const { folder, opened: ours } = models['selected']!;
    await exportOnnx(ours, path.join(folder, 'flow.onnx'));
    const backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
    const opened = await openModel(path.join(folder, 'flow.forward.onnx'), backend);
    const inspector = createInspector('2', opened);
    try {
      await shiftsOnly(inspector);
    } finally {
      inspector.dispose();
      await opened.dispose();
      await backend.dispose();
    }
  });
});
