/** Flows whose latents are not standard normal: draws, costs, densities, findings and exports go by the flow's own base. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { exportOnnx } from '../../../src/engine/export/onnx';
import { openSession } from '../../../src/engine/onnx-file/session';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { drawLatents } from '../../../src/engine/model/latents';
import { openModel } from '../../../src/engine/open/open-model';
import { sample } from '../../../src/engine/use/sample';
import type { Selection } from '../../../src/protocol/selection';
import { contextOf, maxAbsDifference, onCpu, toTensors } from '../../contract/eager';
import { anySignal, smallModel, type SmallModel, type SmallModelOptions } from './model';

const batch = { split: 'sample', count: 400 } as const;
const selection: Selection = { batch, mode: 'eval' };
interface Expected {
  base: Record<string, unknown>;
  model?: Record<string, unknown>;
  change?: SmallModelOptions['change'];
  mean: number;
  variance: number;
}
const flows: Record<string, Expected> = {
  'a fixed normal base': {
    base: { kind: 'diagonalNormal', loc: 3, scale: [0.5, 2] },
    mean: 3,
    variance: (0.25 + 4) / 2,
  },
  'a mixture of two normals': {
    base: { kind: 'mixture', components: 2 },
    change(values) {
      values['base.logits']!.data.fill(0);
      values['base.loc']!.data.set([-2, -2, 2, 2]);
      values['base.logScale']!.data.fill(0);
    },
    mean: 0,
    variance: 5,
  },
  'a base of Student’s t': {
    // Its variance is ν / (ν − 2).
    base: { kind: 'studentT', freedom: 12, loc: -1, scale: 2 },
    mean: -1,
    variance: (4 * 12) / 10,
  },
  'a uniform base behind circular splines': {
    base: { kind: 'uniform', lower: -3, upper: [3, 3] },
    model: { transform: 'rationalQuadratic', bins: 4, splineBound: 3, splineEnds: 'circular' },
    mean: 0,
    variance: 3,
  },
  'a beta base behind splines': {
    base: { kind: 'beta', concentration: 13, lower: -1, upper: 5 },
    model: { transform: 'rationalQuadratic', bins: 4, splineBound: 3, splineCenter: 2 },
    mean: 2,
    variance: 9 / 27,
  },
  'a trained normal base': {
    base: { kind: 'diagonalNormal', trained: true },
    change(values) {
      values['base.loc']!.data.fill(-2);
      values['base.logScale']!.data.fill(Math.log(3));
    },
    mean: -2,
    variance: 9,
  },
};

before(onCpu);

for (const [name, { base, mean, variance, change, model: rest }] of Object.entries(flows)) {
  describe(name, () => {
    let model: SmallModel;
    before(async () => {
      model = await smallModel(
        { kind: 'vector', dim: 2, couplings: 2, hidden: [8], base, ...rest },
        'moons',
        change ? { change } : {},
      );
    });
    after(() => model.dispose());
    const priorOf = (z: ArrayLike<number>): Float32Array => {
      const { flow, tensors } = model.flow;
      const ctx = contextOf(toTensors(tensors as Parameters<typeof toTensors>[0]), false);
      return flow.base.logProb(ctx, tf.tensor2d([...Array.from(z)], [z.length / 2, 2])).dataSync<'float32'>();
    };

    it('is what samples are drawn from', async () => {
      const { z } = await sample(model.flow.runner, { count: 4000, seed: 1, temperature: 1 });
      const middle = z.data.reduce((sum, value) => sum + value / z.data.length, 0);
      const spread = z.data.reduce((sum, value) => sum + (value - mean) ** 2 / z.data.length, 0);
      assert.ok(Math.abs(middle - mean) < 0.1 * Math.sqrt(variance), `${middle}`);
      assert.ok(Math.abs(spread / variance - 1) < 0.1, `${spread}`);
    });

    it('gives ln p(z) in scores, costs by element and the plane', async () => {
      const { runner } = model.flow;
      const z = await drawLatents(runner, { count: 5, seed: 2, temperature: 1 });
      const { x } = await runner.inverse(z, 5, 'data');
      const forward = await runner.forward(x, 5, 'data');
      assert.ok(maxAbsDifference(forward.prior, priorOf(forward.z)) < 1e-4);
      const example = { kind: 'sample', count: 9, seed: 4, temperature: 1, index: 3 } as const;
      const costs = await model.inspector.ask('contribution', { ...selection, example }, anySignal());
      const drawn = (await drawLatents(runner, example)).subarray(6, 8);
      const total = costs.prior.data.reduce((sum, value) => sum + value, 0);
      assert.ok(Math.abs(total - priorOf(drawn)[0]!) < 1e-3, `${total}`);
      const path = await model.inspector.ask(
        'planePath',
        { start: { kind: 'point', stage: 0, point: [x[0]!, x[1]!] } },
        anySignal(),
      );
      assert.ok(Math.abs(path.prior - priorOf(forward.z)[0]!) < 1e-3);
    });

    it('is what latents are compared with', async () => {
      const { latentStd, latentQuantiles } = await model.inspector.ask('diagnostics', selection, anySignal());
      assert.ok(Math.abs(latentStd - 1) < 0.1, `${latentStd}`);
      const middle = latentQuantiles.z[latentQuantiles.z.length >> 1]!;
      // Of 400 draws, 227 are of the same normal of the mixture: 0.17 by chance.
      assert.ok(Math.abs(middle) < 0.2, `${middle}`);
    });

    it('is named, and exported with what is needed to know how likely x is', async () => {
      const summary = await model.inspector.ask('summary', undefined, anySignal());
      assert.match(summary.subtitle, /base/);
      const folder = path.join(model.folder, 'onnx');
      const { files } = await exportOnnx(model.opened, path.join(folder, 'flow.onnx'));
      const session = await openSession(files[0]!.path);
      const x = Float32Array.of(0.3, -0.2, 1, 0.4);
      const expected = await model.flow.runner.forward(x, 2, 'data');
      const out = await session.run({ x: { shape: [2, 2], data: x } });
      await session.dispose();
      const whole = expected.prior.map((prior, i) => prior + expected.logDet[i]!);
      assert.ok(maxAbsDifference(out['log_prob']!.data, whole) < 1e-3);

      const backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
      const again = await openModel(files[0]!.path, backend);
      const { runner } = again.inspected!;
      assert.ok(maxAbsDifference((await runner.forward(x, 2, 'data')).prior, expected.prior) < 1e-4);
      const query = { count: 3, seed: 2, temperature: 0.5 };
      const [direct, inspected] = [await sample(runner, query), await sample(model.flow.runner, query)];
      assert.ok(maxAbsDifference(direct.x.data, inspected.x.data) < 1e-3);
      await again.dispose();
    });
  });
}
