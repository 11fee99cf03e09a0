/**
 * Couplings that only shift (NICE), ours and those of other libraries: they have no s and no share of the log-det, and
 * no view says otherwise.
 */
import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { exportOnnx } from '../../../src/engine/export/onnx';
import { createInspector, type Inspector } from '../../../src/engine/inspect/inspector';
import { openModel } from '../../../src/engine/open/open-model';
import type { Selection } from '../../../src/protocol/selection';
import { isQuantity } from '../../../src/protocol/quantities';
import { onCpu } from '../../contract/eager';
import { peerFile, peers } from '../import/peers';
import { anySignal, digitsModel, smallModel, type SmallModel } from './model';

const example = { kind: 'data', split: 'validation', index: 1 } as const;
const ofData: Selection = { example, batch: { split: 'validation', count: 5 }, mode: 'eval' };
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

/** No number anywhere in an answer is NaN or infinite. */
function finite(answer: unknown, at = 'answer'): void {
  if (typeof answer === 'number') assert.ok(Number.isFinite(answer), `${at} is ${answer}`);
  else if (ArrayBuffer.isView(answer)) finite(Array.from(answer as Float32Array), at);
  else if (answer !== null && typeof answer === 'object')
    for (const [key, value] of Object.entries(answer)) finite(value, `${at}.${key}`);
}

async function shiftsOnly(inspector: Inspector, selection = ofData): Promise<void> {
  const { layers } = await inspector.ask('summary', undefined, anySignal());
  const couplings = layers.filter(({ coupling }) => coupling !== undefined);
  assert.ok(couplings.length > 0);
  const strip = await inspector.ask('strip', selection, anySignal());
  finite(strip);
  assert.equal(Math.abs(strip.example!.couplings), 0);
  assert.equal(Math.abs(strip.mean.couplings), 0);
  for (const { index, formula, preservesVolume } of couplings) {
    assert.equal(formula, 'x + t');
    assert.equal(preservesVolume, true);
    assert.equal(strip.rows[index]!.mean.coupling, 0);
    assert.ok(strip.rows[index]!.roundTrip < 1e-5);
    const view = await inspector.ask('layer', { ...selection, layer: index }, anySignal());
    finite(view);
    assert.deepEqual(
      view.tensors.filter(({ role }) => isQuantity(role)).map(({ name, role }) => [name, role]),
      [['t', 'shift']],
    );
    assert.equal(view.logDetMap, undefined);
    assert.equal(view.logDetMapMean, undefined);
    const [x, t, y] = ['x', 't', 'y'].map(
      (name) => view.tensors.find((tensor) => tensor.name === name)!.data!,
    );
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
      { ...ofData, layer: index, around: -1, count: 8 },
      anySignal(),
    );
    assert.deepEqual([...view.expected!], [1, 1]);
    assert.ok(Math.abs(view.logDet) < 1e-6);
    assert.equal(view.claimed, 0);
  });

  it('leave every other view without a share of theirs or a number that is none', async () => {
    for (const name of ['normed', 'image']) {
      const { inspector } = models[name]!;
      const { layers } = await inspector.ask('summary', undefined, anySignal());
      const { index: layer } = layers.findLast(({ coupling }) => coupling !== undefined)!;
      const { batch } = ofData;
      const query = { ...ofData, layer };
      const t = await inspector.ask('layer', query, anySignal());
      const { shape } = t.tensors.find(({ role }) => role === 'shift')!;
      const costs = await inspector.ask('contribution', ofData, anySignal());
      assert.ok(costs.couplings.data.every((value) => value === 0));
      finite(costs);
      const window = { ...query, tensor: 't', from: shape.map(() => 0), size: shape, block: 1 };
      finite(await inspector.ask('tensorWindow', window, anySignal()));
      await assert.rejects(
        inspector.ask('tensorWindow', { ...window, tensor: 's' }, anySignal()),
        /no tensor/,
      );
      finite(await inspector.ask('stripOfExample', { ...ofData, example }, anySignal()));
      finite(await inspector.ask('diagnostics', ofData, anySignal()));
      finite(await inspector.ask('network', { layer }, anySignal()));
      finite(await inspector.ask('activity', { layer, batch, mode: 'eval' }, anySignal()));
      finite(await inspector.ask('latents', { example }, anySignal()));
    }
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

  for (const { name, file } of peers.filter(({ name }) => name.includes('additive'))) {
    it(`of ${name} open as what they are`, async () => {
      const { folder } = models['masked']!;
      const copy = path.join(folder, `${name}${path.extname(file)}`);
      await copyFile(peerFile(name, file), copy);
      const opened = await openModel(copy, await createOnnxRuntimeBackend({ threads: 1, reason: 'test' }));
      const inspector = createInspector('3', opened);
      try {
        assert.equal(opened.flow!.config.transform, 'additive');
        const sample = { kind: 'sample', index: 1, count: 4, seed: 1, temperature: 1 } as const;
        await shiftsOnly(inspector, { ...ofData, example: sample, batch: { split: 'sample', count: 5 } });
      } finally {
        inspector.dispose();
        await opened.dispose();
      }
    });
  }
});
