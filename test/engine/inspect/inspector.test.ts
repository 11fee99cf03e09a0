/** The inspector's numbers against the flow run eagerly, value by value. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { UserError } from '../../../src/base/user-error';
import { batchOf, dataExamples } from '../../../src/engine/model/examples';
import { createInspector } from '../../../src/engine/inspect/inspector';
import { drawLatents } from '../../../src/engine/model/latents';
import { logLikelihood } from '../../../src/flow/flow';
import { winnerOf, type PairedScores } from '../../../src/protocol/paired-scores';
import type { Selection } from '../../../src/protocol/selection';
import { CancelledError } from '../../../src/protocol/wire';
import { contextOf, maxAbsDifference, onCpu, perExample, toTensors } from '../../contract/eager';
import { anySignal, digitsModel, moonsModel, smallModel, standardize, type SmallModel } from './model';

const count = 6;
const selection: Selection = {
  example: { kind: 'data', split: 'validation', index: 2 },
  batch: { split: 'validation', count },
  mode: 'eval',
};

const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);
const close = (a: number, b: number, tolerance = 1e-3): void =>
  assert.ok(Math.abs(a - b) <= tolerance, `${a} is not ${b} within ${tolerance}`);

/** The same batch through the flow definition itself, on TensorFlow.js's plain backend. */
async function eagerly(model: SmallModel, training: boolean, batch = selection.batch) {
  const { flow } = model;
  const { x, count } = await batchOf(flow, batch);
  const taps: Record<string, tf.Tensor> = {};
  const ctx = contextOf(toTensors(flow.tensors as never), training, taps);
  const input = tf.tensor(x, [count, ...flow.flow.inputShape]);
  const parts = logLikelihood(flow.flow, flow.preprocess, ctx, input);
  const values = (t: tf.Tensor): number[] => perExample(t, count);
  const logP = values(parts.prior).map(
    (prior, i) => prior + values(parts.logDet)[i]! + values(parts.preprocessing)[i]!,
  );
  return { taps, nats: logP.map((value) => flow.quantization - value), z: parts.z };
}

let digits: SmallModel;
let moons: SmallModel;
before(async () => {
  await onCpu();
  digits = await smallModel(digitsModel, 'digits');
  moons = await smallModel(moonsModel, 'moons', { standardize });
});
after(async () => {
  await digits.dispose();
  await moons.dispose();
});

const models = (): [string, SmallModel][] => [
  ['images', digits],
  ['vectors', moons],
];

describe('summary', () => {
  it('says what the model is', async () => {
    const summary = await digits.inspector.ask('summary', undefined, anySignal());
    assert.equal(summary.title, 'RealNVP, 8×8×1, 17 levels');
    assert.match(summary.subtitle, /^2 scales, 10 couplings, [\d,]+ parameters$/);
    assert.equal(summary.layers[0]!.kind, 'logit');
    assert.equal(summary.layers.filter(({ coupling }) => coupling !== undefined).length, 10);
    assert.deepEqual(summary.splits, [
      { name: 'train', count: 1438 },
      { name: 'validation', count: 359 },
    ]);
    assert.equal(summary.step, 7);
    assert.equal(sum(summary.layers.map(({ parameterCount }) => parameterCount)), summary.parameterCount);
  });
});

describe('which of two flows is better', () => {
  const beside = async (a: SmallModel, b: SmallModel) =>
    createInspector('2', b.opened, () => a.opened).ask('pairedScores', { first: '1' }, anySignal());

  it('is the mean of the differences of the same rows, and its standard error', async () => {
    const other = await smallModel(moonsModel, 'moons', { standardize: { ...standardize, std: [1.1, 0.5] } });
    try {
      const rows = 64;
      const found = (await beside(moons, other)) as PairedScores;
      const { splits } = await moons.flow.data.splits();
      assert.equal(found.rows, Math.min(1000, splits.find(({ name }) => name === 'validation')!.count));
      // By hand, over the first rows: log p of each row by both flows, run eagerly.
      const first = { split: 'validation', count: rows } as const;
      const [a, b] = [(await eagerly(moons, false, first)).nats, (await eagerly(other, false, first)).nats];
      const listed = async (model: SmallModel) =>
        (
          await model.inspector.ask(
            'examples',
            { split: 'validation', offset: 0, count: found.rows },
            anySignal(),
          )
        ).nats;
      const [moonScores, otherScores] = [await listed(moons), await listed(other)];
      a.forEach((nats, i) => close(nats, moonScores[i]!, 1e-4));
      b.forEach((nats, i) => close(nats, otherScores[i]!, 1e-4));
      const differences = Array.from(moonScores, (nats, i) => nats - otherScores[i]!);
      const mean = sum(differences) / differences.length;
      const variance = sum(differences.map((value) => (value - mean) ** 2)) / (differences.length - 1);
      close(found.difference.mean, mean, 1e-5);
      close(found.difference.error, Math.sqrt(variance / differences.length), 1e-5);
      close(found.a.mean - found.b.mean, mean, 1e-5);
      assert.equal(found.better, differences.filter((value) => value > 0).length / differences.length);
      assert.equal(
        winnerOf(found),
        Math.abs(mean) < 2 * found.difference.error ? undefined : mean > 0 ? 'B' : 'A',
      );
      const back = (await beside(other, moons)) as PairedScores;
      close(back.difference.mean, -mean, 1e-5);
    } finally {
      await other.dispose();
    }
  });

  it('is not said of densities of different things, or of other rows', async () => {
    const conditional = await smallModel({ ...moonsModel, flowNorm: false, context: 2 }, 'moons', {
      data: { labelContext: true },
    });
    const plain = await smallModel(moonsModel, 'moons');
    const circles = await smallModel(moonsModel, 'circles');
    const renamed = await smallModel(moonsModel, 'moons', {
      standardize: { ...standardize, names: ['u', 'v'] },
    });
    try {
      assert.deepEqual(await beside(digits, moons), { why: 'features' });
      assert.deepEqual(await beside(moons, renamed), { why: 'features' });
      assert.deepEqual(await beside(plain, conditional), { why: 'condition' });
      assert.deepEqual(await beside(plain, circles), { why: 'otherRows' });
    } finally {
      for (const model of [conditional, plain, circles, renamed]) await model.dispose();
    }
  });

  it('is nobody where the difference is within two errors', () => {
    const of = (mean: number, error: number) => winnerOf({ difference: { mean, error } } as PairedScores);
    assert.deepEqual([of(3.5, 3.3), of(0.39, 0.04), of(-2, 1), of(0, 0)], [undefined, 'B', 'A', undefined]);
  });
});

describe('strip', () => {
  for (const which of [0, 1]) {
    it(`adds up and equals the flow itself, for ${['images', 'vectors'][which]}`, async () => {
      const [, model] = models()[which]!;
      const strip = await model.inspector.ask('strip', selection, anySignal());
      const { taps, nats } = await eagerly(model, false);
      for (const parts of [strip.example!, strip.mean]) {
        const { prior, couplings, norm, preprocessing, quantization } = parts;
        close(-parts.nats, prior + couplings + norm + preprocessing + quantization);
      }
      close(strip.example!.nats, nats[2]!);
      close(strip.mean.nats, sum(nats) / count);
      const inFlow = strip.rows.slice(1);
      close(sum(inFlow.map(({ example }) => example!.coupling)), strip.example!.couplings);
      close(sum(inFlow.map(({ mean }) => mean.norm)), strip.mean.norm);
      for (const { info } of model.flow.layers.filter((layer) => layer.info.coupling !== undefined)) {
        const row = strip.rows[info.index]!;
        const direct = perExample(taps[`${info.name}/logDet.coupling`]!, count);
        close(row.mean.coupling, sum(direct) / count, 1e-4);
        close(row.example!.coupling, direct[2]!, 1e-4);
        assert.ok(row.roundTrip > 0 && row.roundTrip < 1e-3, `round trip ${row.roundTrip}`);
        assert.equal(row.nonFinite, 0);
      }
      assert.equal(strip.firstNonFinite, undefined);
    });

    it(`uses the batch's own statistics in training mode, for ${['images', 'vectors'][which]}`, async () => {
      const [, model] = models()[which]!;
      const query: Selection = { ...selection, mode: 'train' };
      const strip = await model.inspector.ask('strip', query, anySignal());
      const { nats } = await eagerly(model, true);
      close(strip.mean.nats, sum(nats) / count, 5e-3);
      close(strip.example!.nats, nats[2]!, 5e-3);
      const evaluated = await model.inspector.ask('strip', selection, anySignal());
      assert.ok(Math.abs(evaluated.mean.nats - strip.mean.nats) > 0.1);
    });
  }

  it('keeps an example from outside the batch out of the means', async () => {
    const outside: Selection = { ...selection, example: { kind: 'data', split: 'train', index: 40 } };
    const a = await digits.inspector.ask('strip', outside, anySignal());
    const b = await digits.inspector.ask('strip', selection, anySignal());
    assert.deepEqual(a.mean, b.mean);
    assert.notEqual(a.example!.nats, b.example!.nats);
  });

  it('names the layer and the cause where values stop being finite', async () => {
    const bad = await smallModel(moonsModel, 'moons', {
      change(values) {
        values['couplings.2.scale']!.data.fill(230);
        values['couplings.2.net.1.bias']!.data.fill(20);
      },
    });
    try {
      const strip = await bad.inspector.ask('strip', selection, anySignal());
      assert.equal(strip.firstNonFinite?.layer, 2);
      assert.match(strip.firstNonFinite.cause, /s = 230\.0.*exp overflows.*88\.7/);
      assert.equal(strip.rows[1]!.nonFinite, 0);
      assert.ok(strip.rows[2]!.nonFinite > 0);
      assert.ok(Number.isNaN(strip.rows[2]!.roundTrip));
    } finally {
      await bad.dispose();
    }
  });
});

describe('an example alone', () => {
  it('says what the whole strip and layer say of it', async () => {
    for (const [, model] of models()) {
      const example = selection.example!;
      const whole = await model.inspector.ask('strip', selection, anySignal());
      const alone = await model.inspector.ask('stripOfExample', { example }, anySignal());
      assert.deepEqual(alone.example, whole.example);
      assert.deepEqual(alone.latent, whole.latent);
      assert.deepEqual(
        alone.rows.map((row) => [row.example, row.thumbnail]),
        whole.rows.map((row) => [row.example, row.thumbnail]),
      );
      for (const { layer } of alone.rows) {
        const view = await model.inspector.ask('layer', { ...selection, layer }, anySignal());
        const part = await model.inspector.ask('layerOfExample', { example, layer }, anySignal());
        assert.deepEqual({ ...view, ...part }, view);
      }
    }
  });
});

describe('layer', () => {
  it('shows x, s, t and y that fit together', async () => {
    for (const [, model] of models()) {
      for (const { info, flow } of model.flow.layers.filter((layer) => layer.info.coupling !== undefined)) {
        const view = await model.inspector.ask('layer', { ...selection, layer: info.index }, anySignal());
        const of = (name: string): Float32Array => view.tensors.find((t) => t.name === name)!.data!;
        const [x, s, t, y] = [of('x'), of('s'), of('t'), of('y')];
        const channels = info.inputShape.at(-1)!;
        for (let i = 0; i < x.length; i++) {
          if (flow!.mask!.data[i] === 1) {
            assert.ok(s[i] === 0);
            assert.equal(y[i], x[i]);
          } else {
            const { mean, std } = view.norm!;
            const moved = x[i]! * Math.exp(s[i]!) + t[i]!;
            close((moved - mean[i % channels]!) / std[i % channels]!, y[i]!, 1e-4);
          }
        }
        close(sum(view.logDetMap!.data), view.logDetExample!.coupling, 1e-4);
        if (view.logDetInImage) {
          const { data } = view.logDetInImage;
          flow!.positions.forEach((position, i) => assert.equal(data[position], view.logDetMap!.data[i]));
          assert.equal(data.filter(Number.isNaN).length, data.length - flow!.positions.length);
        } else assert.deepEqual(info.inputShape, model.flow.flow.inputShape);
        assert.equal(view.logDetBatch.length, count);
        const strip = await model.inspector.ask('strip', selection, anySignal());
        const { mean } = strip.rows[info.index]!;
        close(sum(view.logDetBatch) / count, mean.coupling + mean.norm, 1e-4);
        close(sum(view.logDetMapMean!.data), mean.coupling, 1e-4);
      }
    }
  });

  it('refuses a layer that is not there', async () => {
    await assert.rejects(
      digits.inspector.ask('layer', { ...selection, layer: 99 }, anySignal()),
      (error) => error instanceof UserError && /Layer 99.*numbered from 0/.test(error.message),
    );
  });
});

describe('mask', () => {
  it('is carried back to the image', async () => {
    const last = digits.flow.layers.at(-1)!.info;
    const view = await digits.inspector.ask('mask', { layer: last.index }, anySignal());
    assert.deepEqual(view.mask.shape, [4, 4, 2]);
    assert.deepEqual(view.inImage.shape, [8, 8, 1]);
    // Half of the values were factored out before.
    assert.equal(view.inImage.data.filter(Number.isNaN).length, 32);
    assert.equal(sum(view.inImage.data.filter(Number.isFinite)), sum(view.mask.data));
    const first = await digits.inspector.ask('mask', { layer: 1 }, anySignal());
    assert.deepEqual(first.inImage.data, first.mask.data);
  });
});

describe('samples', () => {
  const query = { count: 4, seed: 3, temperature: 0.7 };

  it('come back to the latents that they were made from', async () => {
    for (const [, model] of models()) {
      const example = { kind: 'sample', ...query, index: 1 } as const;
      const strip = await model.inspector.ask('strip', { ...selection, example }, anySignal());
      const size = model.flow.dimensions;
      const z = (await drawLatents(model.flow.runner, query)).slice(size, 2 * size);
      assert.ok(maxAbsDifference(strip.latent!.data, z) < 2e-3);
    }
  });

  it('are reached by the way through all layers', async () => {
    for (const [, model] of models()) {
      const grid = await model.inspector.ask('samples', query, anySignal());
      const way = await model.inspector.ask('morph', { ...query, index: 2 }, anySignal());
      const size = grid.values.data.length / query.count;
      const last = way.steps.at(-1)!;
      assert.equal(last.layer, 0);
      assert.ok(maxAbsDifference(last.value.data, grid.values.data.subarray(2 * size, 3 * size)) < 1e-4);
      const couplings = model.flow.layers.filter(({ info }) => info.coupling !== undefined).length;
      assert.equal(way.steps.length, couplings + 2);
      for (const step of way.steps) assert.equal(step.value.data.length, size);
    }
  });

  it('refuse a query that cannot be', async () => {
    for (const wrong of [{ count: 0 }, { seed: -1 }, { temperature: NaN }]) {
      await assert.rejects(digits.inspector.ask('samples', { ...query, ...wrong }, anySignal()), UserError);
    }
  });
});

describe('examples', () => {
  it('are scored as the strip scores them', async () => {
    for (const [, model] of models()) {
      const page = await model.inspector.ask(
        'examples',
        { split: 'validation', offset: 0, count },
        anySignal(),
      );
      const strip = await model.inspector.ask('strip', selection, anySignal());
      close(page.nats[2]!, strip.example!.nats);
      close(sum(page.nats) / count, strip.mean.nats);
      assert.equal(page.labels!.length, count);
    }
  });

  it('have the same noise whenever they are asked for', async () => {
    const a = await dataExamples(digits.flow, 'validation', 0, 5);
    const b = await dataExamples(digits.flow, 'validation', 3, 1);
    const size = digits.flow.dimensions;
    assert.deepEqual(a.x.slice(3 * size, 4 * size), b.x);
    assert.notDeepEqual(b.x, b.shown);
  });
});

describe('diagnostics', () => {
  it('measure what the latents and the inverse are like', async () => {
    for (const [, model] of models()) {
      const answer = await model.inspector.ask('diagnostics', selection, anySignal());
      const { z } = await eagerly(model, false);
      const values = Array.from(z.dataSync());
      const mean = sum(values) / values.length;
      close(answer.latentStd, Math.sqrt(sum(values.map((v) => (v - mean) ** 2)) / values.length));
      const { normal, z: quantiles } = answer.latentQuantiles;
      assert.equal(normal.length, quantiles.length);
      assert.deepEqual(
        quantiles.toSorted((a, b) => a - b),
        quantiles,
      );
      for (const { fromLatent, alone } of answer.inverseError) {
        assert.ok(fromLatent >= 0 && fromLatent < 0.01, `${fromLatent}`);
        assert.ok(alone >= 0 && alone < 1e-3, `${alone}`);
      }
      const strip = await model.inspector.ask('strip', selection, anySignal());
      const score = strip.example!.bitsPerDim ?? strip.example!.nats;
      close(answer.validation![2]!, score);
      for (const { layer, mean: of } of strip.rows) {
        const logDets = answer.logDets.find((each) => each.layer === layer)?.values ?? [0];
        close(sum([...logDets]) / logDets.length, of.coupling + of.norm);
      }
    }
  });
});

describe('plane', () => {
  it('draws density, points and grid of a two-dimensional flow', async () => {
    const query = {
      batch: { split: 'validation', count: 10 },
      seed: 1,
      temperature: 1,
      grid: 5,
      pixels: 8,
    } as const;
    const view = await moons.inspector.ask('plane', query, anySignal());
    const layers = moons.flow.layers.length;
    assert.equal(view.points.length, layers + 1);
    assert.equal(view.grids.length, layers + 1);
    assert.deepEqual([...view.grids[layers]!.data.slice(0, 2)], [-3.5, -3.5]);
    const { x, y } = view.bounds;
    const centre = [x[0] + (x[1] - x[0]) * (2.5 / 8), y[1] - (y[1] - y[0]) * (1.5 / 8)];
    const strip = await moons.inspector.ask(
      'strip',
      { ...selection, example: { kind: 'values', values: centre } },
      anySignal(),
    );
    const density = view.density.data[1 * 8 + 2]!;
    close(Math.log(density), -strip.example!.nats, 1e-3);
    await assert.rejects(digits.inspector.ask('plane', query, anySignal()), UserError);
  });
});

describe('models without their data', () => {
  it('say why and go on with samples', async () => {
    const lost = await smallModel(moonsModel, 'gone/away.csv');
    try {
      const summary = await lost.inspector.ask('summary', undefined, anySignal());
      assert.deepEqual(summary.splits, []);
      assert.match(summary.splitsReason!, /away\.csv/);
      const batch = { split: 'sample', count: 4 } as const;
      const strip = await lost.inspector.ask('strip', { batch, mode: 'eval' }, anySignal());
      assert.ok(Number.isFinite(strip.mean.nats));
      await assert.rejects(lost.inspector.ask('strip', selection, anySignal()), UserError);
    } finally {
      await lost.dispose();
    }
  });
});

describe('cancelled questions', () => {
  it('end with CancelledError and can be asked again', async () => {
    const controller = new AbortController();
    const query: Selection = { ...selection, example: { kind: 'data', split: 'train', index: 3 } };
    const answer = digits.inspector.ask('strip', query, controller.signal);
    controller.abort();
    await assert.rejects(answer, CancelledError);
    assert.ok(await digits.inspector.ask('strip', query, anySignal()));
  });
});
