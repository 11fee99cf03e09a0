/** Path, density and divided cells of two-dimensional flows, against autodiff Jacobians and by other ways to the same number. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { UserError } from '../../../src/base/user-error';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { createInspector, type Inspector } from '../../../src/engine/inspect/inspector';
import { backToData, nearestOf } from '../../../src/engine/inspect/plane/back';
import { inspectedModel } from '../../../src/engine/inspect/programs';
import { openModel } from '../../../src/engine/open/open-model';
import type { Model } from '../../../src/engine/model/model';
import { stageBounds, type PlaneDensity, type PlanePath, type PathStart } from '../../../src/protocol/plane';
import { CancelledError } from '../../../src/protocol/wire';
import { contextOf, onCpu, toTensors } from '../../contract/eager';
import { logAbsDeterminant } from '../../contract/linear-algebra';
import { anySignal, moonsModel, smallModel, standardize, type SmallModel } from './model';

const batch = { split: 'validation', count: 200 } as const;
const close = (a: number, b: number, tolerance = 1e-3): void =>
  assert.ok(Math.abs(a - b) <= tolerance, `${a} is not ${b} within ${tolerance}`);

let moons: SmallModel;
before(async () => {
  await onCpu();
  moons = await smallModel(moonsModel, 'moons', { standardize });
});
after(() => moons.dispose());

const pathOf = (inspector: Inspector, start: PathStart): Promise<PlanePath> =>
  inspector.ask('planePath', { start }, anySignal());

/** The layer's own Jacobian at h by automatic differentiation. */
function jacobian(model: SmallModel, layer: number, h: number[]): number[][] {
  const { bijection } = model.flow.layers[layer]!;
  const ctx = contextOf(toTensors(model.flow.tensors as never), false);
  const x = tf.tensor(h, [1, 2]);
  return [0, 1].map((i) => [
    ...tf
      .grad((v) => tf.sum(tf.slice(bijection!.forward(ctx, v as tf.Tensor2D).value, [0, i], [1, 1])))(x)
      .dataSync(),
  ]);
}

const stageCount = (): number => moons.flow.layers.length + 1;

describe('the path of a point', () => {
  it('has each log-det of the Jacobian by autodiff, and ends in ln p(x)', async () => {
    for (const x of [
      [0.3, -0.4],
      [1.7, 0.2],
      [-0.9, 0.8],
    ] as [number, number][]) {
      const found = await pathOf(moons.inspector, { kind: 'point', stage: 0, point: x });
      assert.deepEqual([...found.points.shape], [stageCount(), 2]);
      let total = 0;
      for (let layer = 0; layer < stageCount() - 1; layer++) {
        const from = [...found.points.data.subarray(2 * layer, 2 * layer + 2)];
        const exact = logAbsDeterminant(jacobian(moons, layer, from));
        close(found.logDets[layer]!, exact, 1e-4);
        total += exact;
      }
      const z = found.points.data.slice(-2);
      const prior = -0.5 * (z[0]! ** 2 + z[1]! ** 2) - Math.log(2 * Math.PI);
      close(found.prior, prior, 1e-5);
      close(found.logDensity, prior + total, 1e-3);
      // The strip counts the same point in its own way.
      const strip = await moons.inspector.ask(
        'strip',
        { example: { kind: 'values', values: x }, batch, mode: 'eval' },
        anySignal(),
      );
      close(found.logDensity, -strip.example!.nats, 1e-3);
    }
  });

  it('is the same from any of its stages', async () => {
    const whole = await pathOf(moons.inspector, {
      kind: 'example',
      example: { kind: 'data', split: 'validation', index: 3 },
    });
    for (let stage = 0; stage < stageCount(); stage++) {
      const point = [...whole.points.data.subarray(2 * stage, 2 * stage + 2)] as [number, number];
      const again = await pathOf(moons.inspector, { kind: 'point', stage, point });
      again.points.data.forEach((value, i) => close(value, whole.points.data[i]!, 1e-4));
      close(again.logDensity, whole.logDensity, 1e-3);
    }
  });

  it('takes a sample of the gallery as the sample that the plane shows', async () => {
    const query = { count: 500, seed: 4, temperature: 0.9 };
    const view = await moons.inspector.ask(
      'plane',
      { batch, seed: 4, temperature: 0.9, grid: 3, pixels: 2 },
      anySignal(),
    );
    for (const index of [0, 17, 499]) {
      const found = await pathOf(moons.inspector, {
        kind: 'example',
        example: { kind: 'sample', ...query, index },
      });
      close(found.points.data[0]!, view.samples.data[2 * index]!, 1e-6);
      close(found.points.data[1]!, view.samples.data[2 * index + 1]!, 1e-6);
    }
  });

  it('says what is wrong with a start', async () => {
    const ask = (start: unknown) => pathOf(moons.inspector, start as PathStart);
    await assert.rejects(ask({ kind: 'point', stage: 99, point: [0, 0] }), UserError);
    await assert.rejects(ask({ kind: 'point', stage: 0, point: [0, NaN] }), UserError);
    await assert.rejects(ask({ kind: 'point', stage: 0, point: [1] }), UserError);
  });
});

describe('the density after a layer', () => {
  const pixels = 9;
  const at = ({ bounds: { x, y } }: PlaneDensity, row: number, column: number): [number, number] => [
    x[0] + ((x[1] - x[0]) * (column + 0.5)) / pixels,
    y[1] - ((y[1] - y[0]) * (row + 0.5)) / pixels,
  ];

  it('is p(x) over the determinant of the layers before it', async () => {
    for (let stage = 0; stage < stageCount(); stage++) {
      const found = await moons.inspector.ask('planeDensity', { batch, stage, pixels }, anySignal());
      for (const [row, column] of [
        [4, 4],
        [3, 6],
        [5, 2],
      ] as const) {
        const point = at(found, row, column);
        const way = await pathOf(moons.inspector, { kind: 'point', stage, point });
        // By the way back and there again, layer by layer, with autodiff determinants.
        let logDensity = way.logDensity;
        for (let layer = 0; layer < stage; layer++) {
          const from = [...way.points.data.subarray(2 * layer, 2 * layer + 2)];
          logDensity -= logAbsDeterminant(jacobian(moons, layer, from));
        }
        close(Math.log(found.density.data[row * pixels + column]!), logDensity, 2e-3);
      }
    }
  });

  it('has the mass of what lies in the frame', async () => {
    const last = stageCount() - 1;
    const latent = await moons.inspector.ask('planeDensity', { batch, stage: last, pixels: 96 }, anySignal());
    const cell = (latent.bounds.x[1] - latent.bounds.x[0]) / 96;
    const mass = latent.density.data.reduce((a, b) => a + b, 0) * cell ** 2;
    // P(|z₁|, |z₂| < 3.8) = 0.99986² of a standard normal.
    assert.deepEqual(latent.bounds, { x: [-3.8, 3.8], y: [-3.8, 3.8] });
    close(mass, 0.99971, 1e-4);
  });

  it('can be cancelled, and refuses what is not there', async () => {
    const controller = new AbortController();
    const answer = moons.inspector.ask('planeDensity', { batch, stage: 2, pixels: 200 }, controller.signal);
    controller.abort();
    await assert.rejects(answer, CancelledError);
    const ask = (more: object) =>
      moons.inspector.ask('planeDensity', { batch, stage: 1, pixels: 8, ...more }, anySignal());
    await assert.rejects(ask({ stage: -1 }), UserError);
    await assert.rejects(ask({ pixels: 5000 }), UserError);
  });
});

describe('cells too coarse to draw', () => {
  it('are divided into parts whose area is that of the layers that follow', async () => {
    // A grid of few nodes, so that every cell is coarse.
    const grid = 4;
    const found = await moons.inspector.ask('planeCells', { batch, stage: 0, grid, most: 4000 }, anySignal());
    assert.ok(found.replaced.length > 0);
    assert.equal(found.folded, 0);
    const parts = found.logAreas.length;
    assert.ok(parts > 4 * found.replaced.length);
    // ln |det ∂x/∂z| in the middle of a part, by the path of that point.
    const worst: number[] = [];
    for (let i = 0; i < parts; i += Math.ceil(parts / 40)) {
      const c = found.corners.data.subarray(8 * i, 8 * i + 8);
      const middle = [0, 1].map((k) => (c[k]! + c[k + 2]! + c[k + 4]! + c[k + 6]!) / 4) as [number, number];
      const way = await pathOf(moons.inspector, { kind: 'point', stage: 0, point: middle });
      const logDet = way.logDets.reduce((a, b) => a + b, 0);
      worst.push(Math.abs(found.logAreas[i]! + logDet));
    }
    assert.ok(Math.max(...worst) < 0.1, `${Math.max(...worst)}`);
  });

  it('stay whole where there would be too many parts', async () => {
    const ask = (most: number) =>
      moons.inspector.ask('planeCells', { batch, stage: 0, grid: 9, most }, anySignal());
    for (const most of [0, 40, 400]) {
      const found = await ask(most);
      assert.ok(found.logAreas.length + found.folded <= most);
      // Every cell that is divided is there in full: its parts' areas of z add up to it.
      assert.ok(found.logAreas.length + found.folded >= 4 * found.replaced.length);
    }
    await assert.rejects(ask(-1), UserError);
  });

  it('are none in z', async () => {
    const stage = stageCount() - 1;
    const found = await moons.inspector.ask('planeCells', { batch, stage, grid: 9, most: 100 }, anySignal());
    assert.equal(found.replaced.length + found.logAreas.length + found.folded, 0);
    await assert.rejects(
      moons.inspector.ask('planeCells', { batch, stage, grid: 1000, most: 100 }, anySignal()),
      UserError,
    );
  });
});

describe('the search for the way back', () => {
  it('finds what the inverse of the layers computes', async () => {
    const exact = inspectedModel(moons.flow);
    const { before: _, rest: __, ...others } = exact.programs;
    const blind = { ...exact, programs: others };
    const stage = 3;
    const h = { shape: [60, 2], data: new Float32Array(120).map((_, i) => 2 * Math.sin(1.7 * i)) };
    const known = (await backToData({ model: exact, signal: anySignal() }, stage, h)).data;
    const found = (await backToData({ model: blind, signal: anySignal() }, stage, h)).data;
    found.forEach((value, i) => close(value, known[i]!, 1e-3));
  });

  it('starts from the nearest known point', () => {
    const points = Float32Array.from({ length: 400 }, (_, i) => Math.sin(12.9898 * i) * (1 + (i % 7)));
    const nearest = nearestOf(points);
    for (let k = 0; k < 100; k++) {
      const [x, y] = [9 * Math.sin(k), 9 * Math.cos(3 * k)];
      const distances = Array.from({ length: 200 }, (_, i) =>
        Math.hypot(points[2 * i]! - x, points[2 * i + 1]! - y),
      );
      close(distances[nearest(x, y)]!, Math.min(...distances), 1e-9);
    }
  });
});

describe('two-dimensional flows of other libraries', () => {
  const files = [
    ['peers', 'nflows-2d', 'state_dict.pt'],
    ['peers', 'normflows-2d', 'state_dict.pt'],
    ['peers', 'zuko-2d', 'state_dict.pt'],
    ['onnx', 'nflows-2d', 'forward.onnx'],
    ['onnx', 'normflows-2d', 'forward.onnx'],
    ['onnx', 'zuko-2d', 'forward.onnx'],
  ];
  for (const parts of files) {
    it(parts.join('/'), async () => {
      let opened: Model | undefined;
      let inspector: Inspector | undefined;
      try {
        opened = await openModel(
          path.resolve('test', 'fixtures', ...parts),
          await createOnnxRuntimeBackend({ threads: 1, reason: 'test' }),
        );
        inspector = createInspector('1', opened);
        const { layers } = await inspector.ask('summary', undefined, anySignal());
        const samples = { split: 'sample', count: 100 } as const;
        const whole = await pathOf(inspector, {
          kind: 'example',
          example: { kind: 'sample', seed: 2, temperature: 1, count: 3, index: 1 },
        });
        const stage = Math.ceil(layers.length / 2);
        const point = [...whole.points.data.subarray(2 * stage, 2 * stage + 2)] as [number, number];
        const again = await pathOf(inspector, { kind: 'point', stage, point });
        again.points.data.forEach((value, i) => close(value, whole.points.data[i]!, 5e-3));
        close(again.logDensity, whole.logDensity, 5e-3);

        const pixels = 24;
        const found = await inspector.ask('planeDensity', { batch: samples, stage, pixels }, anySignal());
        const cell = (found.bounds.x[1] - found.bounds.x[0]) / pixels;
        const cells = Array.from(found.density.data.entries()).filter(([, p]) => p * cell ** 2 > 1e-3);
        assert.ok(cells.length > 0);
        const [index] = cells[cells.length >> 1]!;
        const way = await pathOf(inspector, {
          kind: 'point',
          stage,
          point: [
            found.bounds.x[0] + cell * ((index % pixels) + 0.5),
            found.bounds.y[1] - cell * (Math.floor(index / pixels) + 0.5),
          ],
        });
        const before = way.logDets.slice(0, stage).reduce((a, b) => a + b, 0);
        close(Math.log(found.density.data[index]!), way.logDensity - before, 1e-2);
        const grid = 13;
        const divided = await inspector.ask(
          'planeCells',
          { batch: samples, stage: 0, grid, most: 4000 },
          anySignal(),
        );
        assert.ok(divided.logAreas.every(Number.isFinite));
      } finally {
        inspector?.dispose();
        await opened?.dispose();
      }
    });
  }
});

describe('the frame of a stage', () => {
  it('holds the points, and is one size for z', () => {
    const points = { shape: [3, 2], data: Float32Array.of(-1, 0, 1, 4, 0, 2) };
    assert.deepEqual(stageBounds(points, 1, 4), { x: [-2.3, 2.3], y: [-0.2999999999999998, 4.3] });
    assert.deepEqual(stageBounds(points, 4, 4), { x: [-3.8, 3.8], y: [-3.8, 3.8] });
    const far = { shape: [1, 2], data: Float32Array.of(9, 0) };
    assert.ok(stageBounds(far, 4, 4).x[1] > 9);
  });
});
