/**
 * Splines, autoregressive layers and learned mixing in the inspector: what it shows is compared with the flow run eagerly on
 * TensorFlow.js (1e-4, float32 in another order), and curves with the formula of the paper, evaluated from their knots.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { exportOnnx } from '../../../src/engine/export/onnx';
import { openModel } from '../../../src/engine/open/open-model';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { linksOf } from '../../../src/protocol/order';
import { hasSplines } from '../../../src/protocol/questions';
import type { Selection } from '../../../src/protocol/selection';
import { binAt, inBin, manyOutside, splineBars, type SplineView } from '../../../src/protocol/spline';
import { contextOf, maxAbsDifference, onCpu, perExample, toTensors } from '../../contract/eager';
import { anySignal, refused, smallModel, type SmallModel } from './model';

const selection: Selection = {
  example: { kind: 'data', split: 'validation', index: 1 },
  batch: { split: 'validation', count: 5 },
  mode: 'eval',
};
const vector = { kind: 'vector', dim: 2, couplings: 3, hidden: [8] };
const splines = { ...vector, transform: 'rationalQuadratic', bins: 6 };

const flows = {
  'spline couplings': splines,
  'spline couplings of selected features, mixed': { ...splines, conditioning: 'selected', between: 'lu' },
  'splines with an interval that values leave': { ...splines, splineBound: 0.75 },
  'a masked autoregressive flow': { ...vector, layer: 'autoregressive' },
  'autoregressive splines, of both directions': {
    ...splines,
    layers: [
      { kind: 'autoregressive', order: [1, 0] },
      { kind: 'lu' },
      { kind: 'autoregressive', order: [0, 1], sees: 'output' },
    ],
  },
};

before(onCpu);

/** No number anywhere in an answer is NaN or infinite. */
function finite(answer: unknown, at: string): void {
  if (typeof answer === 'number') assert.ok(Number.isFinite(answer), `${at} is ${answer}`);
  else if (ArrayBuffer.isView(answer)) finite(Array.from(answer as Float32Array), at);
  else if (answer !== null && typeof answer === 'object')
    for (const [key, value] of Object.entries(answer)) finite(value, `${at}.${key}`);
}

for (const [name, config] of Object.entries(flows)) {
  describe(name, () => {
    let model: SmallModel;
    before(async () => void (model = await smallModel(config, 'moons')));
    after(() => model.dispose());
    const layersOf = async () => (await model.inspector.ask('summary', undefined, anySignal())).layers;

    it('computes what the flow computes eagerly, there and back', async () => {
      const { flow, tensors, runner } = model.flow;
      const x = Float32Array.from({ length: 32 }, (_, i) => 2.4 * Math.sin(i * i));
      const ours = await runner.forward(x, 16, 'flow');
      const ctx = contextOf(toTensors(tensors as Parameters<typeof toTensors>[0]), false);
      const theirs = flow.forward(ctx, tf.tensor2d(x, [16, 2]));
      assert.ok(maxAbsDifference(ours.z, theirs.value.dataSync()) < 1e-4);
      assert.ok(maxAbsDifference(ours.logDet, perExample(theirs.logDet, 16)) < 1e-4);
      const back = await runner.inverse(ours.z, 16, 'flow');
      assert.ok(maxAbsDifference(back.x, x) < 1e-4);
    });

    it('has a strip, findings and a Jacobian of every layer that add up', async () => {
      const strip = await model.inspector.ask('strip', selection, anySignal());
      finite(strip.example, 'strip');
      finite(await model.inspector.ask('diagnostics', selection, anySignal()), 'diagnostics');
      await model.inspector.ask('findings', { batch: selection.batch }, anySignal());
      for (const { index } of await layersOf()) {
        const { logDet, claimed } = await model.inspector.ask(
          'jacobian',
          { ...selection, layer: index, around: -1, count: 2 },
          anySignal(),
        );
        assert.ok(Math.abs(logDet - claimed!) < 1e-4, `layer ${index}: ${logDet}, ${claimed}`);
        await model.inspector.ask('network', { layer: index }, anySignal());
      }
    });

    it('shows splines that go through what the example is mapped to', async () => {
      const layers = await layersOf();
      for (const layer of layers) {
        const asked = model.inspector.ask('spline', { ...selection, layer: layer.index }, anySignal());
        if (!hasSplines(layer)) {
          await assert.rejects(asked, refused(/does not map features by splines/));
          continue;
        }
        const { features, knots, bins, bound, from, to, logDerivative } = await asked;
        assert.deepEqual(Array.from(features), layer.kind === 'autoregressive' ? [0, 1] : [features[0]]);
        features.forEach((feature, row) => {
          const of = (part: 'x' | 'y' | 'slopes', i: number): number =>
            knots[part].data[row * (bins + 1) + i]!;
          if (Math.abs(from[row]!) > bound) {
            assert.deepEqual([to[row], logDerivative[row]], [from[row], 0]);
            return;
          }
          const bin = Array.from({ length: bins }, (_, i) => i).find((i) => from[row]! < of('x', i + 1))!;
          const share = (from[row]! - of('x', bin)) / (of('x', bin + 1) - of('x', bin));
          const at = inBin(
            [of('x', bin), of('x', bin + 1)],
            [of('y', bin), of('y', bin + 1)],
            [of('slopes', bin), of('slopes', bin + 1)],
            share,
          );
          assert.ok(Math.abs(at.y - to[row]!) < 1e-4, `feature ${feature}: ${at.y}, ${to[row]}`);
          assert.ok(Math.abs(Math.log(at.slope) - logDerivative[row]!) < 1e-4);
        });
      }
    });

    it('counts what the batch does on the splines, and finds values outside', async () => {
      const shares: number[] = [];
      for (const layer of await layersOf()) {
        if (!hasSplines(layer)) continue;
        const views: SplineView[] = [];
        for (let index = 0; index < selection.batch.count; index++)
          views.push(
            await model.inspector.ask(
              'spline',
              { ...selection, example: { kind: 'data', split: 'validation', index }, layer: layer.index },
              anySignal(),
            ),
          );
        const [{ batch, features, bins, bound, knots }] = views as [SplineView];
        assert.equal(batch.count, views.length);
        const knotsOf = (view: SplineView, part: 'x' | 'y' | 'slopes', row: number): Float32Array =>
          view.knots[part].data.subarray(row * (bins + 1), (row + 1) * (bins + 1));
        features.forEach((_, row) => {
          const values = views.map(({ from }) => from[row]!);
          const outside = values.filter((value) => Math.abs(value) > bound).length / values.length;
          assert.ok(Math.abs(batch.outside[row]! - outside) < 1e-6);
          shares.push(outside);
          const own = new Float32Array(bins);
          const shown = new Float32Array(bins);
          values.forEach((value, i) => {
            if (Math.abs(value) > bound) return;
            own[binAt(knotsOf(views[i]!, 'x', row), value)]!++;
            shown[binAt(knots.x.data.subarray(row * (bins + 1), (row + 1) * (bins + 1)), value)]!++;
          });
          const rowOf = ({ data }: { data: Float32Array }, size: number): number[] => [
            ...data.subarray(row * size, (row + 1) * size),
          ];
          assert.deepEqual(rowOf(batch.inOwnBins, bins), [...own]);
          assert.deepEqual(rowOf(batch.inBins, bins), [...shown]);
          assert.equal(
            rowOf(batch.counts, splineBars).reduce((a, b) => a + b, 0),
            values.length,
          );
          // Of five curves a tenth lie below none but the lowest, nine tenths below the highest.
          const places = batch.low.shape[1]!;
          const middle = views.map((view) => {
            const x = knotsOf(view, 'x', row);
            const bin = binAt(x, 0);
            const ends = (part: 'x' | 'y' | 'slopes') =>
              [knotsOf(view, part, row)[bin]!, knotsOf(view, part, row)[bin + 1]!] as const;
            return inBin(ends('x'), ends('y'), ends('slopes'), -x[bin]! / (x[bin + 1]! - x[bin]!)).y;
          });
          assert.ok(Math.abs(rowOf(batch.low, places)[(places - 1) / 2]! - Math.min(...middle)) < 1e-5);
          assert.ok(Math.abs(rowOf(batch.high, places)[(places - 1) / 2]! - Math.max(...middle)) < 1e-5);
        });
      }
      const { findings } = await model.inspector.ask('findings', { batch: selection.batch }, anySignal());
      const found = findings.find(({ check }) => check === 'outsideSpline')!;
      if (shares.length === 0) assert.equal(found.kind, 'noSpline');
      else assert.ok(Math.abs(Number(found.values['share']) - Math.max(...shares)) < 1e-6);
      const many = Math.max(0, ...shares) >= manyOutside;
      assert.equal(['notice', 'warning'].includes(found.severity), many);
      if (name === 'splines with an interval that values leave') {
        assert.ok(many);
        assert.match(
          found.sentence,
          /% of the values of feature \S+ lie outside of the spline's interval \[−0.75, 0.75\]/,
        );
        assert.equal(found.tab, 'spline');
      }
    });

    it('measures which output depends on which input, in the order of the layer', async () => {
      for (const { index, order: features, networkPasses } of await layersOf()) {
        const asked = model.inspector.ask(
          'order',
          { layer: index, batch: selection.batch, from: 0 },
          anySignal(),
        );
        if (!features) {
          await assert.rejects(asked, refused(/has no order/));
          continue;
        }
        assert.deepEqual([networkPasses!.forward, networkPasses!.inverse].sort(), [1, 2]);
        const view = await asked;
        assert.equal(view.count, selection.batch.count);
        assert.deepEqual([...view.features], features);
        const expected = [0, 0, 0, 0];
        for (let example = 0; example < view.count; example++) {
          const { matrix } = await model.inspector.ask(
            'jacobian',
            {
              ...selection,
              example: { kind: 'data', split: 'validation', index: example },
              ...{ layer: index, around: -1, count: 2 },
            },
            anySignal(),
          );
          for (let i = 0; i < 4; i++)
            expected[i]! += Math.abs(matrix.data[features[i >> 1]! * 2 + features[i % 2]!]!) / view.count;
        }
        assert.ok(
          maxAbsDifference(view.measured.data, expected) < 1e-5,
          `${view.measured.data.join()}, ${expected.join()}`,
        );
        const { allowed, hardly, forbidden } = linksOf(view);
        assert.deepEqual([allowed, hardly, forbidden], [1, [], []]);
        const past = { layer: index, batch: selection.batch, from: 2 };
        await assert.rejects(model.inspector.ask('order', past, anySignal()), refused(/has 2, from 0/));
      }
    });

    it('is exported to ONNX and opens again', async () => {
      const files = await exportOnnx(model.opened, path.join(model.folder, 'exported'));
      assert.ok(files.maxAbs < 1e-4);
      const backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
      const opened = await openModel(files.files[0]!.path, backend);
      try {
        const { runner } = opened.inspected!;
        const { z } = await runner.forward(new Float32Array([0.5, -0.25]), 1, 'data');
        const ours = await model.flow.runner.forward(new Float32Array([0.5, -0.25]), 1, 'data');
        assert.ok(maxAbsDifference(z, ours.z) < 1e-4);
      } finally {
        await opened.dispose();
        await backend.dispose();
      }
    });
  });
}
