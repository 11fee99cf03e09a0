import assert from 'node:assert/strict';
import { test } from 'node:test';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import { fillNormal, type GeneratorState } from '../../../src/data/polar';

test('normal values are those of the polar method written plainly, and the generator goes on from there', () => {
  const start: GeneratorState = [0x12345678, -5, 77, -0x7fffffff];
  for (const n of [0, 1, 2, 3, 1023, 1024, 1025, 1026, 5001]) {
    const generator = xoroshiro128plusFromState([...start]);
    const next = (): number => 2 * ((generator.next() >>> 8) * 2 ** -24) - 1;
    const expected = new Float32Array(n);
    for (let i = 0; i < n;) {
      const [u, w] = [next(), next()];
      const r = u * u + w * w;
      if (r >= 1 || r === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(r)) / r);
      expected[i++] = u * factor;
      if (i < n) expected[i++] = w * factor;
    }
    const values = new Float32Array(n);
    const end = fillNormal(start, values);
    assert.deepEqual(values, expected);
    assert.deepEqual(end, generator.getState());
  }
});
