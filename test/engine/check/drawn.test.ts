/** A check of draws whose target density stands beside them: the numbers are those that the weights give by hand. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { toFloat32 } from '../../../src/data/npy';
import { writeNpz } from '../../../src/data/npz';
import { readArray } from '../../../src/engine/use/read-array';
import { temporaryFolder } from '../../unit/support/temporary';
import { here } from '../cli/flowscope';

const { flowscope, json } = here;
const folder = temporaryFolder();
const at = (name: string): string => path.join(folder, name);
const model = path.resolve('media', 'samples', 'moons.flow.safetensors');
const count = 1000;

/** A normal target around the moons, which has no mass beyond x = 2. */
const logP = (x: number, y: number): number =>
  x > 2 ? -Infinity : -((x - 0.5) ** 2) / 0.9 - (y - 0.25) ** 2 / 0.4;

describe('a check of draws with their log density', () => {
  let x: Float32Array;
  let densities: Float64Array;
  before(async () => {
    process.env.FLOWSCOPE_BACKEND = 'onnxruntime';
    await json('sample', model, '--count', String(count), '--seed', '3', '--output', at('x.npz'));
    x = toFloat32((await readArray(at('x.npz'), 'x', 'x')).array).data;
    densities = Float64Array.from({ length: count }, (_, i) => logP(x[2 * i]!, x[2 * i + 1]!));
    await writeNpz(at('draws.npz'), {
      x: { shape: [count, 2], data: x },
      log_p: { shape: [count], data: densities },
    });
    const rows = Array.from(densities, (p, i) =>
      [p === -Infinity ? -1e30 : p, x[2 * i + 1]!, x[2 * i]!].join(),
    );
    writeFileSync(at('draws.csv'), `log p,y,x\n${rows.join('\n')}\n`);
    await writeNpz(at('moved.npz'), {
      x: { shape: [count, 2], data: x.map((value) => value + 0.3) },
      log_p: { shape: [count], data: densities },
    });
  });

  it('weighs them, from arrays and from a table', async () => {
    const { nats } = await json<{ nats: number[] }>('score', model, '--input', at('x.npz'));
    const logWeights = nats.map((value, k) => densities[k]! + value);
    const weights = logWeights.map(Math.exp);
    const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);
    const ess = sum(weights) ** 2 / sum(weights.map((w) => w * w));
    for (const target of ['draws.npz:log_p', 'draws.csv:log p']) {
      const found = await json<{ draws: number; ess: number; leakage: { share: number } }>(
        ...['check', model, '--target', at(target)],
      );
      assert.equal(found.draws, count);
      assert.ok(Math.abs(found.ess / ess - 1) < 1e-4, `${target}: ${found.ess}, expected ${ess}`);
      assert.ok(Math.abs(found.leakage.share - weights.filter((w) => w === 0).length / count) < 1e-12);
    }
  });

  it('leaves out rows that are not finite', async () => {
    await writeNpz(at('gap.npz'), {
      x: { shape: [count, 2], data: x.map((value, i) => (i % 2 === 0 && value > 1.9 ? NaN : value)) },
      log_p: { shape: [count], data: densities },
    });
    const found = await json<{ draws: number; nonFinite: number }>(
      ...['check', model, '--target', at('gap.npz:log_p')],
    );
    const gone = x.filter((value, i) => i % 2 === 0 && value > 1.9).length;
    assert.ok(gone > 0);
    assert.deepEqual([found.draws, found.nonFinite], [count - gone, gone]);
    await writeNpz(at('none.npz'), {
      x: { shape: [2, 2], data: new Float32Array(4).fill(NaN) },
      log_p: { shape: [2], data: new Float64Array(2) },
    });
    const none = await flowscope('check', model, '--target', at('none.npz:log_p'));
    assert.match(none.stderr, /none of its 2 rows has a finite density/);
  });

  it('refuses rows that the flow did not draw, and rows of a target that cannot be asked', async () => {
    const moved = await flowscope('check', model, '--target', at('moved.npz:log_p'));
    assert.equal(moved.code, 1);
    assert.match(
      moved.stderr,
      /moved\.npz: its rows are not draws of this flow.* differ .* by 0\.\d+ .*chance up to 0\.\d+/s,
    );
    const rows = await flowscope('check', model, '--target', at('draws.npz:log_p'), '--input', 'moons');
    assert.match(rows.stderr, /--input and --split need a target that is a function/);
    const none = await flowscope('check', model, '--target', at('draws.csv:density'));
    assert.match(none.stderr, /there is no column "density"/);
  });
});
