/** Interpolations and reconstructions of an open model, held against the flow itself in both directions. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { UserError } from '../../../src/base/user-error';
import { sourcesOf } from '../../../src/engine/inspect/latents/sources';
import { sourceOf } from '../../../src/engine/model/examples';
import { latentScales } from '../../../src/flow/latent-scales';
import type { ManifoldQuery } from '../../../src/protocol/inspect';
import type { Corners, SourceRef } from '../../../src/protocol/selection';
import { CancelledError } from '../../../src/protocol/wire';
import { maxAbsDifference } from '../../contract/eager';
import { anySignal, digitsModel, moonsModel, smallModel, standardize, type SmallModel } from './model';

const data = (index: number): SourceRef => ({ kind: 'data', split: 'validation', index });
const corners: Corners = [
  data(2),
  data(5),
  { kind: 'data', split: 'train', index: 7 },
  { kind: 'sample', seed: 3, temperature: 0.9, count: 4, index: 1 },
];
const query: ManifoldQuery = { corners, angles: 4, range: 'quarter' };
const size = 64;
/** There and back through 16 couplings in float32, in pixels of 0 to 17; measured 3e-6. */
const roundTrip = 1e-4;

let digits: SmallModel;
let moons: SmallModel;
before(async () => {
  digits = await smallModel({ ...digitsModel, scales: 3 }, 'digits');
  moons = await smallModel(moonsModel, 'moons', { standardize });
});
after(async () => {
  await digits.dispose();
  await moons.dispose();
});

const encoded = async (model: SmallModel, x: Float32Array): Promise<Float32Array> =>
  (await model.flow.runner.forward(x, x.length / model.flow.dimensions, 'data')).z;

describe('manifold', () => {
  it('has the four examples at its corners', async () => {
    const view = await digits.inspector.ask('manifold', query, anySignal());
    assert.deepEqual(view.values.shape, [4, 4, 8, 8, 1]);
    assert.deepEqual(view.corners.shape, [4, 8, 8, 1]);
    for (const [corner, cell] of [0, 3, 12, 15].entries()) {
      const shown = view.corners.data.subarray(corner * size, (corner + 1) * size);
      const value = view.values.data.subarray(cell * size, (cell + 1) * size);
      // Pixels of the data have noise in [0, 1) on the way in, which comes back out; the sample has none.
      const difference = value.map((v, i) => v - shown[i]!);
      assert.ok(difference.every((d) => d > -roundTrip && d < (corner < 3 ? 1 : 0) + roundTrip));
    }
    const { x } = await sourceOf(digits.flow, corners[0]);
    assert.ok(maxAbsDifference(view.values.data.subarray(0, size), x) < roundTrip);
  });

  for (const range of ['circle', 'quarter'] as const) {
    it(`encodes to the formula at every point of the ${range}, for images and vectors`, async () => {
      for (const model of [digits, moons]) {
        const d = model.flow.dimensions;
        const view = await model.inspector.ask('manifold', { corners, angles: 5, range }, anySignal());
        const { z } = await sourcesOf(model.flow, corners, anySignal());
        const back = await encoded(model, view.values.data);
        const step = range === 'circle' ? (2 * Math.PI) / 5 : Math.PI / 8;
        for (let row = 0; row < 5; row++) {
          for (let column = 0; column < 5; column++) {
            const [phi, prime] = [row * step, column * step];
            const [c, s, cp, sp] = [Math.cos(phi), Math.sin(phi), Math.cos(prime), Math.sin(prime)];
            const expected = Float32Array.from(
              { length: d },
              (_, i) => c * (cp * z[i]! + sp * z[d + i]!) + s * (cp * z[2 * d + i]! + sp * z[3 * d + i]!),
            );
            const at = row * 5 + column;
            const found = back.subarray(at * d, (at + 1) * d);
            // Logits of pixels at the ends of their range lose digits on the way; measured 7e-4.
            assert.ok(maxAbsDifference(found, expected) < 5e-3, `${maxAbsDifference(found, expected)}`);
            assert.ok(Math.abs(view.norms.data[at]! - Math.hypot(...expected)) < 1e-4);
          }
        }
      }
    });
  }

  it('gives any of its points as an example, in all views', async () => {
    const view = await digits.inspector.ask('manifold', query, anySignal());
    const example = { kind: 'manifold', corners, phi: view.angles[1]!, phiPrime: view.angles[2]! } as const;
    const strip = await digits.inspector.ask(
      'strip',
      { example, batch: { split: 'validation', count: 4 }, mode: 'eval' },
      anySignal(),
    );
    const cell = view.values.data.subarray(6 * size, 7 * size);
    assert.ok(maxAbsDifference(strip.input!.data, cell) < 1e-4);
    assert.ok(Math.abs(Math.hypot(...strip.latent!.data) - view.norms.data[6]!) < 1e-3);
    assert.ok(Number.isFinite(strip.example!.bitsPerDim));
  });

  it('refuses what it cannot do, and can be cancelled', async () => {
    const ask = (change: object): Promise<unknown> =>
      digits.inspector.ask('manifold', { ...query, ...change }, anySignal());
    for (const wrong of [
      { angles: 1 },
      { angles: 65 },
      { corners: corners.slice(0, 3) },
      { corners: [...corners.slice(0, 3), data(9999)] },
    ])
      await assert.rejects(ask(wrong), UserError);
    const controller = new AbortController();
    const answer = digits.inspector.ask('manifold', { ...query, angles: 64 }, controller.signal);
    setImmediate(() => controller.abort());
    await assert.rejects(answer, CancelledError);
  });
});

describe('reconstruct', () => {
  const examples = [data(0), data(1), data(2)];
  const drawn = { examples, seed: 5, temperature: 1 };

  it('keeps the latents of coarse scales and draws those of fine ones anew', async () => {
    const { originals, values, kept } = await digits.inspector.ask('reconstruct', drawn, anySignal());
    assert.deepEqual(values.shape, [3, 3, 8, 8, 1]);
    assert.deepEqual(originals.shape, [3, 8, 8, 1]);
    assert.deepEqual(kept, [64, 32, 16]);
    const scales = latentScales(digits.flow.flow);
    const { z } = await sourcesOf(digits.flow, examples, anySignal());
    const back = await encoded(digits, values.data);
    for (let row = 0; row < 3; row++) {
      for (let column = 0; column < 3; column++) {
        let [unlike, anew] = [0, 0];
        for (let i = 0; i < size; i++) {
          const difference = Math.abs(back[(row * 3 + column) * size + i]! - z[row * size + i]!);
          if (scales[i]! >= column) unlike = Math.max(unlike, difference);
          else anew += difference / (size - kept[column]!);
        }
        // Measured 2e-6.
        assert.ok(unlike < 1e-4, `latents that are kept differ by ${unlike}`);
        // Two independent normal values are 1.13 apart on average.
        if (column > 0) assert.ok(anew > 0.6, `latents that are drawn anew differ by ${anew} only`);
      }
    }
    // All kept: the example itself, with its noise.
    for (let row = 0; row < 3; row++) {
      const whole = values.data.subarray(row * 3 * size, (row * 3 + 1) * size);
      const original = originals.data.subarray(row * size, (row + 1) * size);
      assert.ok(whole.every((v, i) => v - original[i]! > -roundTrip && v - original[i]! < 1 + roundTrip));
    }
  });

  it('draws the same for the same seed only', async () => {
    const of = async (seed: number) =>
      (await digits.inspector.ask('reconstruct', { ...drawn, seed }, anySignal())).values.data;
    assert.deepEqual(await of(5), await of(5));
    assert.notDeepEqual(await of(5), await of(6));
  });

  it('gives any of them as an example', async () => {
    const { values } = await digits.inspector.ask('reconstruct', drawn, anySignal());
    const example = {
      kind: 'reconstruction',
      example: examples[1]!,
      row: 1,
      column: 2,
      seed: 5,
      temperature: 1,
    } as const;
    const strip = await digits.inspector.ask(
      'strip',
      { example, batch: { split: 'validation', count: 4 }, mode: 'eval' },
      anySignal(),
    );
    assert.ok(maxAbsDifference(strip.input!.data, values.data.subarray(5 * size, 6 * size)) < 1e-4);
  });

  it('says why a flow of one scale has none', async () => {
    await assert.rejects(
      moons.inspector.ask('reconstruct', drawn, anySignal()),
      (error) => error instanceof UserError && /one scale/.test(error.message),
    );
  });
});

describe('samples by scale', () => {
  it('take each scale at its own temperature', async () => {
    // Cool samples: logits far out lose digits on the way back. Measured 2e-5.
    const base = { count: 3, seed: 2, temperature: 0.5 };
    const fine = await digits.inspector.ask(
      'samples',
      { ...base, scaleTemperatures: [0, 1, 1] },
      anySignal(),
    );
    const z = await encoded(digits, fine.values.data);
    const plain = await encoded(
      digits,
      (await digits.inspector.ask('samples', base, anySignal())).values.data,
    );
    const scales = latentScales(digits.flow.flow);
    z.forEach((value, i) => {
      const expected = scales[i % size] === 0 ? 0 : plain[i]!;
      assert.ok(Math.abs(value - expected) < 5e-4, `${value} is not ${expected}`);
    });
    await assert.rejects(
      digits.inspector.ask('samples', { ...base, scaleTemperatures: [1] }, anySignal()),
      UserError,
    );
  });

  it('truncate each scale at its own bound, seen by the way back from the pictures', async () => {
    const base = { count: 8, seed: 2, temperature: 0.5 };
    const scales = latentScales(digits.flow.flow);
    const truncated = await digits.inspector.ask(
      'samples',
      { ...base, truncations: [0.6, null, null] },
      anySignal(),
    );
    const z = await encoded(digits, truncated.values.data);
    const plain = await encoded(
      digits,
      (await digits.inspector.ask('samples', base, anySignal())).values.data,
    );
    let drawnAgain = 0;
    z.forEach((value, i) => {
      if (scales[i % size] === 0) assert.ok(Math.abs(value) < 0.5 * 0.6 + 5e-4, `${value} is beyond`);
      if (scales[i % size] !== 0 || Math.abs(plain[i]!) < 0.5 * 0.6 - 5e-4)
        assert.ok(Math.abs(value - plain[i]!) < 5e-4, `${value} is not ${plain[i]}`);
      else drawnAgain++;
    });
    assert.ok(drawnAgain > 50);
    await assert.rejects(
      digits.inspector.ask('samples', { ...base, truncations: [1, 1] }, anySignal()),
      (error) => error instanceof UserError && /one for each of the 3 scales/.test(error.message),
    );
    // The picked sample has the same latent, and so the same cost as its own.
    const strip = await digits.inspector.ask(
      'strip',
      {
        example: { kind: 'sample', ...base, truncations: [0.6, null, null], index: 3 },
        batch: { split: 'sample', count: 2 },
        mode: 'eval',
      },
      anySignal(),
    );
    strip.latent!.data.forEach((value) => assert.ok(Number.isFinite(value)));
    const length = (values: Float32Array): number => values.reduce((sum, value) => sum + value * value, 0);
    const expected = length(z.subarray(3 * size, 4 * size));
    assert.ok(Math.abs(length(strip.latent!.data) - expected) < 1e-2 * expected);
  });
});
