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
import type { LayerInfo } from '../../../src/protocol/model';
import { hasCurves } from '../../../src/protocol/questions';
import type { Selection } from '../../../src/protocol/selection';
import { binAt, onSpline } from '../../../src/engine/inspect/layer/transform-curve';
import { hasTails, manyOutside } from '../../../src/protocol/spline';
import { curveBars, type TransformCurveView } from '../../../src/protocol/transform-curve';
import { contextOf, maxAbsDifference, onCpu, perExample, toTensors } from '../../contract/eager';
import { inBin, inInverseBin } from '../../contract/rational-quadratic';
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

/**
 * The curves of a layer at one example: the layer as a whole is run eagerly with one feature of the example replaced, which
 * gives y, and its slope from two places beside each other; a spline is compared with the paper's formula as well.
 */
async function checkCurves(
  { inspector, flow: { tensors, layers } }: SmallModel,
  { index, kind }: LayerInfo,
): Promise<void> {
  const query = { ...selection, layer: index };
  const view = await inspector.ask('transformCurve', query, anySignal());
  finite(view, 'curves');
  const { tensors: values, norm, logDetMap } = await inspector.ask('layer', query, anySignal());
  const input = values[0]!.data!;
  const output = values.find(({ role }) => role === 'output')!.data!;
  const ctx = contextOf(toTensors(tensors as Parameters<typeof toTensors>[0]), false);
  const { features, axis, curve, spline } = view;
  if (kind === 'autoregressive') assert.equal(features.length, input.length);
  const places = curve.x.shape[1]!;
  features.forEach((feature, row) => {
    const rowOf = ({ data }: { data: Float32Array }): Float32Array =>
      data.subarray(row * places, (row + 1) * places);
    const [x, y, logs] = [rowOf(curve.x), rowOf(curve.y), rowOf(curve.logDerivative)];
    const [mean, std] = norm ? [norm.mean[feature]!, norm.std[feature]!] : [0, 1];
    /** y before any norm, where the feature has other values. */
    const through = (replaced: ArrayLike<number>): number[] =>
      tf.tidy(() => {
        const h = Float32Array.from({ length: replaced.length * input.length }, (_, i) =>
          i % input.length === feature ? replaced[Math.floor(i / input.length)]! : input[i % input.length]!,
        );
        const { value } = layers[index]!.bijection!.forward(
          ctx,
          tf.tensor2d(h, [replaced.length, input.length]),
        );
        const all = value.dataSync();
        return Array.from(replaced, (_, i) => all[i * input.length + feature]! * std + mean);
      });
    // Circles have places of their own; they end where they begin.
    const circle = spline !== undefined && !hasTails(spline);
    const place = (value: number): number => (spline ? onSpline(spline, value) : value);
    const fed = x.map(place);
    assert.ok(x.every((value, i) => i === 0 || value > x[i - 1]!));
    const shown = circle
      ? { low: spline.center - spline.bound, high: spline.center + spline.bound - 1e-4 }
      : axis;
    assert.ok(x[0]! <= shown.low + 1e-5 && x.at(-1)! >= shown.high - 1e-5);
    assert.ok(Math.abs(view.from[row]! - place(input[feature]!)) < 1e-5);
    assert.ok(maxAbsDifference(y, through(fed)) < 1e-4);
    assert.ok(Math.abs(view.to[row]! - (output[feature]! * std + mean)) < 1e-4);
    assert.ok(Math.abs(view.logDerivative[row]! - (logDetMap?.data[feature] ?? 0)) < 1e-4);
    const step = 2e-3;
    const [before, after] = [through(fed.map((v) => v - step)), through(fed.map((v) => v + step))];
    x.forEach((value, i) => {
      if (circle && (i === 0 || i === places - 1)) return;
      // Slopes bend at knots, by less than a place in between.
      const slope = (after[i]! - before[i]!) / (2 * step);
      assert.ok(Math.abs(Math.log(slope) - logs[i]!) < 0.05, `${value}: ${Math.log(slope)}, not ${logs[i]}`);
    });
    if (!spline) return;
    const knots = (part: 'x' | 'y' | 'slopes'): Float32Array =>
      spline.knots[part].data.subarray(row * (spline.bins + 1), (row + 1) * (spline.bins + 1));
    assert.equal(spline.bin[row], binAt(knots('x'), view.from[row]!));
    let compared = 0;
    x.forEach((value, i) => {
      const bin = binAt(knots('x'), value);
      if (bin < 0) return;
      const pair = (part: 'x' | 'y' | 'slopes') => [knots(part)[bin]!, knots(part)[bin + 1]!] as const;
      const share = (value - knots('x')[bin]!) / (knots('x')[bin + 1]! - knots('x')[bin]!);
      const at = (spline.inverse ? inInverseBin : inBin)(pair('x'), pair('y'), pair('slopes'), share);
      assert.ok(Math.abs(at.y - y[i]!) < 1e-4, `${value}: ${at.y}, not ${y[i]}`);
      assert.ok(Math.abs(Math.log(at.slope) - logs[i]!) < 1e-3);
      compared++;
    });
    assert.ok(compared >= places - (hasTails(spline) ? 4 : 0));
  });
}

describe('curves of other transforms', () => {
  const others = {
    'shifts before a batch norm': { ...vector, transform: 'additive', flowNorm: true },
    'splines around a circle': { ...splines, splineEnds: 'circular' },
    'splines after half a turn': { ...splines, splineEnds: 'half-turn', splineCenter: 0.5 },
    'inverse splines': { ...splines, splineDirection: 'inverse' },
    'splines of intervals of their own': { ...splines, splineInterval: {} },
    'inverse autoregressive maps': { ...vector, dim: 2, layer: 'autoregressive', sees: 'output' },
  };
  for (const [name, config] of Object.entries(others))
    it(`are those of the layers: ${name}`, async () => {
      const model = await smallModel(config, 'moons');
      try {
        const { layers } = await model.inspector.ask('summary', undefined, anySignal());
        const drawn = layers.filter(hasCurves);
        assert.equal(drawn.length, 3);
        for (const layer of drawn) await checkCurves(model, layer);
      } finally {
        await model.dispose();
      }
    });
});

for (const [name, config] of Object.entries(flows)) {
  describe(name, () => {
    let model: SmallModel;
    before(async () => void (model = await smallModel(config, 'moons')));
    after(() => model.dispose());
    const layersOf = async () => (await model.inspector.ask('summary', undefined, anySignal())).layers;

    it('computes what the flow computes eagerly, there and back', async () => {
      const { flow, tensors, runner } = model.flow;
      const x = Float32Array.from({ length: 32 }, (_, i) => 2.4 * Math.sin(i * i));
      const found = await runner.forward(x, 16, 'flow');
      const ctx = contextOf(toTensors(tensors as Parameters<typeof toTensors>[0]), false);
      const expected = flow.forward(ctx, tf.tensor2d(x, [16, 2]));
      assert.ok(maxAbsDifference(found.z, expected.value.dataSync()) < 1e-4);
      assert.ok(maxAbsDifference(found.logDet, perExample(expected.logDet, 16)) < 1e-4);
      const back = await runner.inverse(found.z, 16, 'flow');
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

    it('draws the curves that the whole layer makes, and none of other layers', async () => {
      for (const layer of await layersOf()) {
        if (hasCurves(layer)) await checkCurves(model, layer);
        else
          await assert.rejects(
            model.inspector.ask('transformCurve', { ...selection, layer: layer.index }, anySignal()),
            refused(/has no curves/),
          );
      }
    });

    it('counts what the batch does on the splines, and finds values outside', async () => {
      const shares: number[] = [];
      for (const layer of await layersOf()) {
        if (!layer.spline) continue;
        const views: TransformCurveView[] = [];
        for (let index = 0; index < selection.batch.count; index++)
          views.push(
            await model.inspector.ask(
              'transformCurve',
              { ...selection, example: { kind: 'data', split: 'validation', index }, layer: layer.index },
              anySignal(),
            ),
          );
        const [{ batch, features, spline }] = views as [TransformCurveView];
        const { bins, bound, knots, outside: outsides, inBins, inOwnBins } = spline!;
        assert.equal(batch.count, views.length);
        const knotsOf = (view: TransformCurveView, part: 'x' | 'y' | 'slopes', row: number): Float32Array =>
          view.spline!.knots[part].data.subarray(row * (bins + 1), (row + 1) * (bins + 1));
        features.forEach((_, row) => {
          const values = views.map(({ from }) => from[row]!);
          const outside = values.filter((value) => Math.abs(value) > bound).length / values.length;
          assert.ok(Math.abs(outsides[row]! - outside) < 1e-6);
          shares.push(outside);
          const counts = new Float32Array(bins);
          const shown = new Float32Array(bins);
          values.forEach((value, i) => {
            if (Math.abs(value) > bound) return;
            counts[binAt(knotsOf(views[i]!, 'x', row), value)]!++;
            shown[binAt(knots.x.data.subarray(row * (bins + 1), (row + 1) * (bins + 1)), value)]!++;
          });
          const rowOf = ({ data }: { data: Float32Array }, size: number): number[] => [
            ...data.subarray(row * size, (row + 1) * size),
          ];
          assert.deepEqual(rowOf(inOwnBins, bins), [...counts]);
          assert.deepEqual(rowOf(inBins, bins), [...shown]);
          assert.equal(
            rowOf(batch.counts, curveBars).reduce((a, b) => a + b, 0),
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
        assert.equal(found.tab, 'curve');
      }
    });

    it('measures which output depends on which input, in the order of the layer', async () => {
      for (const { index, order: features, networkPasses } of await layersOf()) {
        const answer = model.inspector.ask(
          'order',
          { layer: index, batch: selection.batch, from: 0 },
          anySignal(),
        );
        if (!features) {
          await assert.rejects(answer, refused(/has no order/));
          continue;
        }
        assert.deepEqual([networkPasses!.forward, networkPasses!.inverse].sort(), [1, 2]);
        const view = await answer;
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
        await assert.rejects(
          model.inspector.ask('order', past, anySignal()),
          refused(/has 2, numbered from 0/),
        );
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
        const found = await model.flow.runner.forward(new Float32Array([0.5, -0.25]), 1, 'data');
        assert.ok(maxAbsDifference(z, found.z) < 1e-4);
      } finally {
        await opened.dispose();
        await backend.dispose();
      }
    });
  });
}
