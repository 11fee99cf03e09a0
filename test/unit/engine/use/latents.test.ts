/** Latents drawn by scale, and which of an example's latents a reconstruction keeps. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UserError } from '../../../../src/config/user-error';
import { drawLatents } from '../../../../src/engine/use/latents';
import { freshLatents, keptCounts, reconstructionLatents } from '../../../../src/engine/use/reconstruct';

const latentScales = Int32Array.of(2, 0, 0, 1, 0, 1, 0, 2);
const space = { outputShape: [8], latentScales };
const query = { count: 3, seed: 4, temperature: 0.5 };

describe('temperatures by scale', () => {
  it('multiply the temperature of the latents of their scale', () => {
    const plain = drawLatents(space, query);
    const scaled = drawLatents(space, { ...query, scaleTemperatures: [0, 1, 0.5] });
    scaled.forEach((value, i) => {
      const factor = [0, 1, 0.5][latentScales[i % 8]!]!;
      assert.equal(value + 0, plain[i]! * factor + 0);
    });
    assert.deepEqual(drawLatents(space, { ...query, scaleTemperatures: [1, 1, 1] }), plain);
  });

  it('are one for each scale, from 0', () => {
    for (const scaleTemperatures of [
      [1, 1],
      [1, 1, 1, 1],
      [1, -1, 1],
      [1, NaN, 1],
    ]) {
      assert.throws(() => drawLatents(space, { ...query, scaleTemperatures }), UserError);
    }
    assert.throws(
      () => drawLatents({ outputShape: [8] }, { ...query, scaleTemperatures: [1, 1] }),
      /scales of this flow are not known/,
    );
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
