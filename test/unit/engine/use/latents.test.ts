/** Latents drawn by scale, and which of an example's latents a reconstruction keeps. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { UserError } from '../../../../src/base/user-error';
import { drawLatents } from '../../../../src/engine/model/latents';
import { standardBase } from '../../../../src/engine/model/running-base';
import { freshLatents, keptCounts, reconstructionLatents } from '../../../../src/engine/use/reconstruct';

const latentScales = Int32Array.of(2, 0, 0, 1, 0, 1, 0, 2);
const base = standardBase(8);
const space = { outputShape: [8], latentScales, base };
const query = { count: 3, seed: 4, temperature: 0.5 };

describe('temperatures by scale', () => {
  it('multiply the temperature of the latents of their scale', async () => {
    const plain = await drawLatents(space, query);
    const scaled = await drawLatents(space, { ...query, scaleTemperatures: [0, 1, 0.5] });
    scaled.forEach((value, i) => {
      const factor = [0, 1, 0.5][latentScales[i % 8]!]!;
      assert.equal(value + 0, plain[i]! * factor + 0);
    });
    assert.deepEqual(await drawLatents(space, { ...query, scaleTemperatures: [1, 1, 1] }), plain);
  });

  it('are one for each scale, from 0', async () => {
    for (const scaleTemperatures of [
      [1, 1],
      [1, 1, 1, 1],
      [1, -1, 1],
      [1, NaN, 1],
    ]) {
      await assert.rejects(() => drawLatents(space, { ...query, scaleTemperatures }), UserError);
    }
    await assert.rejects(
      () => drawLatents({ outputShape: [8], base }, { ...query, scaleTemperatures: [1, 1] }),
      /scales of this flow are not known/,
    );
  });
});

describe('truncations', () => {
  const many = { ...query, count: 500, temperature: 1 };
  let plain: Float32Array;
  before(async () => {
    plain = await drawLatents(space, many);
  });
  const ofScale = (z: Float32Array, scale: number): Float32Array =>
    z.filter((_, i) => latentScales[i % 8] === scale);

  it('leave no latent beyond the bound of its scale, and those within as they were', async () => {
    const truncations = [0.5, null, 1.25];
    const cut = await drawLatents(space, { ...many, truncations });
    let drawnAgain = 0;
    cut.forEach((value, i) => {
      const bound = truncations[latentScales[i % 8]!] ?? Infinity;
      assert.ok(Math.abs(value) <= bound, `${value} is beyond ${bound}`);
      if (Math.abs(plain[i]!) <= bound) assert.equal(value, plain[i]);
      else drawnAgain++;
    });
    assert.ok(drawnAgain > 1000);
    assert.deepEqual(ofScale(cut, 1), ofScale(plain, 1));
    assert.deepEqual(await drawLatents(space, { ...many, truncations: [null] }), plain);
  });

  it('draw from the truncated normal distribution, for a temperature of 1 and for others', async () => {
    const bound = 1;
    for (const temperature of [1, 0.5]) {
      const cut = await drawLatents(space, { ...many, count: 5000, temperature, truncations: [bound] });
      // Var = 1 − 2 c φ(c) / (2 Φ(c) − 1); Φ(1) is known.
      const phi = Math.exp(-0.5 * bound ** 2) / Math.sqrt(2 * Math.PI);
      const variance = temperature ** 2 * (1 - (2 * bound * phi) / (2 * 0.841344746 - 1));
      const measured = cut.reduce((sum, value) => sum + value * value, 0) / cut.length;
      // Standard error of a variance of 40,000 values: less than 0.5%.
      assert.ok(Math.abs(measured / variance - 1) < 0.02, `${measured} is not ${variance}`);
      assert.ok(cut.every((value) => Math.abs(value) <= temperature * bound));
    }
  });

  it('change a scale by its own bound only, and a sample not by those after it', async () => {
    const narrow = await drawLatents(space, { ...many, truncations: [0.3, 1, null] });
    const wide = await drawLatents(space, { ...many, truncations: [2, 1, null] });
    assert.deepEqual(ofScale(narrow, 1), ofScale(wide, 1));
    assert.notDeepEqual(ofScale(narrow, 0), ofScale(wide, 0));
    const few = await drawLatents(space, { ...many, count: 20, truncations: [0.3, 1, null] });
    assert.deepEqual(few, narrow.subarray(0, few.length));
  });

  it('are one for all or one for each scale, and leave something to draw', async () => {
    for (const truncations of [[], [1, 1], [1, 1, 1, 1], [0.05], [NaN], [1, -1, 1], [Infinity, 1, 1]]) {
      await assert.rejects(() => drawLatents(space, { ...query, truncations }), UserError);
    }
    const known = await drawLatents({ outputShape: [8], base }, { ...query, truncations: [1] });
    assert.ok(known.every((value) => Math.abs(value) <= 0.5));
  });
});

describe('latents of another base', () => {
  const other = {
    ...base,
    shape: 'other' as const,
    noise: 16,
    draw: (noise: Float32Array) => Promise.resolve(noise),
  };

  it('are made of as much noise as it takes, and have no bounds or temperatures of their own', async () => {
    const drawn = await drawLatents({ outputShape: [8], base: other }, query);
    assert.equal(drawn.length, 3 * 16);
    for (const setting of [{ truncations: [1] }, { scaleTemperatures: [1] }]) {
      await assert.rejects(
        () => drawLatents({ outputShape: [8], base: other }, { ...query, ...setting }),
        /for a normal base distribution/,
      );
    }
  });
});

describe('reconstructions', () => {
  const z = Float32Array.from({ length: 16 }, (_, i) => 100 + i);
  const draw = { seed: 3, temperature: 1 };
  const latents = reconstructionLatents(z, 2, latentScales, 3, draw);

  it('keep what leaves at their scale or later, bit for bit, and draw the rest anew', () => {
    for (let row = 0; row < 2; row++) {
      const fresh = freshLatents(draw, row, 8);
      for (let column = 0; column < 3; column++) {
        for (let i = 0; i < 8; i++) {
          const expected = latentScales[i]! >= column ? z[row * 8 + i] : fresh[i];
          assert.equal(latents[(row * 3 + column) * 8 + i], expected);
        }
      }
    }
  });

  it('draw differently in each row and with each seed', () => {
    assert.notDeepEqual(freshLatents(draw, 0, 8), freshLatents(draw, 1, 8));
    assert.notDeepEqual(freshLatents(draw, 0, 8), freshLatents({ ...draw, seed: 4 }, 0, 8));
    assert.deepEqual(freshLatents({ ...draw, temperature: 0 }, 0, 8).map(Math.abs), new Float32Array(8));
  });

  it('count what they keep', () => {
    assert.deepEqual(keptCounts(latentScales), [8, 4, 2]);
  });
});
