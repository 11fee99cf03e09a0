/** Contributions by element: their sum against the strip, their parts against plain arithmetic and the flow run eagerly. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { UserError } from '../../../src/base/user-error';
import type { Selection } from '../../../src/protocol/selection';
import type { NdArray } from '../../../src/protocol/tensors';
import { onCpu } from '../../contract/eager';
import { anySignal, digitsModel, moonsModel, smallModel, standardize, type SmallModel } from './model';

const selection: Selection = {
  example: { kind: 'data', split: 'validation', index: 2 },
  batch: { split: 'validation', count: 6 },
  mode: 'eval',
};
const colorModel = { ...digitsModel, channels: 3, levels: 256, pad: 0 };
const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);
const close = (a: number, b: number, tolerance = 1e-3): void =>
  assert.ok(Math.abs(a - b) <= tolerance, `${a} is not ${b} within ${tolerance}`);

const models: Record<string, SmallModel> = {};
before(async () => {
  await onCpu();
  models.digits = await smallModel(digitsModel, 'digits');
  models.moons = await smallModel(moonsModel, 'moons', { standardize });
  models.permuted = await smallModel(
    { kind: 'vector', dim: 2, couplings: 5, hidden: [8], permutation: 'random' },
    'moons',
    { standardize: { ...standardize, transforms: ['log:-4', 'logit:-4:4'] } },
  );
  models.color = await smallModel(colorModel, 'digits');
});
after(async () => {
  for (const model of Object.values(models)) await model.dispose();
});

describe('contributions by element', () => {
  for (const name of ['digits', 'moons', 'permuted', 'color']) {
    for (const mode of ['eval', 'train'] as const) {
      it(`add up to the strip's total and parts, for ${name} in ${mode} mode`, async () => {
        const model = models[name]!;
        const size = model.flow.dimensions;
        const example =
          name === 'color'
            ? ({ kind: 'values', values: Array.from({ length: size }, (_, i) => (i * 7) % 256) } as const)
            : selection.example;
        const batch = name === 'color' ? ({ split: 'sample', count: 6 } as const) : selection.batch;
        const query: Selection = { example, batch, mode };
        const strip = await model.inspector.ask('strip', query, anySignal());
        const shares = await model.inspector.ask('contribution', query, anySignal());
        const parts = strip.example!;
        assert.deepEqual(shares.parts, parts);
        assert.deepEqual(shares.spread, [], 'every layer is known by element');
        const precise = 2e-6 * size * 16;
        close(sum(shares.total.data), -parts.nats, 1e-3 + precise);
        close(sum(shares.prior.data), parts.prior, 1e-3 + precise);
        close(sum(shares.couplings.data), parts.couplings, 1e-3 + precise);
        close(sum(shares.norm.data), parts.norm, 1e-3 + precise);
        close(sum(shares.preprocessing.data), parts.preprocessing + parts.quantization, 1e-3 + precise);
        assert.deepEqual(shares.total.shape, [...model.flow.flow.inputShape]);
      });
    }
  }

  it('carry s back to the pixels that the mask view names, and z to where it leaves', async () => {
    const model = models.digits!;
    const shares = await model.inspector.ask('contribution', selection, anySignal());
    const strip = await model.inspector.ask('strip', selection, anySignal());
    const { flow } = model;
    const expected = new Float64Array(64);
    for (const { info } of flow.layers.filter((layer) => layer.info.coupling !== undefined)) {
      const view = await model.inspector.ask('layer', { ...selection, layer: info.index }, anySignal());
      const mask = await model.inspector.ask('mask', { layer: info.index }, anySignal());
      const s = view.logDetMap as NdArray<Float32Array>;
      // Where an element moves, the mask in the image says 0: as many places as elements with an s.
      const places = flow.layers[info.index]!.flow!.positions;
      s.data.forEach((value, i) => {
        if (value === 0) return;
        assert.equal(mask.inImage.data[places[i]!], 0);
        expected[places[i]!]! += value;
      });
    }
    expected.forEach((value, i) => close(shares.couplings.data[i]!, value, 1e-5));
    strip.latent!.data.forEach((z, i) =>
      close(shares.prior.data[i]!, -0.5 * z * z - 0.5 * Math.log(2 * Math.PI), 1e-5),
    );
  });

  it('of preprocessing are the slope of the logit at each pixel, by differences of the map itself', async () => {
    const model = models.digits!;
    const shares = await model.inspector.ask('contribution', selection, anySignal());
    const strip = await model.inspector.ask('strip', selection, anySignal());
    const view = await model.inspector.ask('layer', { ...selection, layer: 0 }, anySignal());
    const { data: v } = view.tensors.find(({ name }) => name === 'x')!;
    const logit = (value: number): number => {
      const p = 0.05 + (0.9 * value) / 17;
      return Math.log(p / (1 - p));
    };
    v!.forEach((value, i) => {
      const slope = (logit(value + 1e-4) - logit(value - 1e-4)) / 2e-4;
      close(shares.preprocessing.data[i]!, Math.log(slope), 1e-3);
    });
    assert.ok(Number.isFinite(strip.example!.nats));
  });

  it('of batch norm are the same for all moving places of a channel', async () => {
    const shares = await models.moons!.inspector.ask('contribution', selection, anySignal());
    const other = await models.moons!.inspector.ask(
      'contribution',
      { ...selection, example: { kind: 'data', split: 'validation', index: 5 } },
      anySignal(),
    );
    assert.deepEqual(shares.norm.data, other.norm.data);
    assert.notDeepEqual(shares.prior.data, other.prior.data);
    assert.deepEqual(
      [...shares.preprocessing.data].map((value) => Number(value.toFixed(5))),
      standardize.std.map((std) => Number((-Math.log(std)).toFixed(5))),
    );
  });

  it('are refused without an example', async () => {
    await assert.rejects(
      models.digits!.inspector.ask('contribution', { batch: selection.batch, mode: 'eval' }, anySignal()),
      UserError,
    );
  });
});
