/** Draws outside of a prior, beside the share that a normal has there. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { stream } from '../../../src/data/random';
import { runHere } from '../../unit/cli/run-here';
import { put, temporaryFolder } from '../../unit/support/temporary';

const folder = temporaryFolder();
const run = path.join(folder, 'run');
const count = 4000;
/** Uniform on [−1, 1]²: an untrained flow draws from the normal with the same mean and deviation. */
const u = stream(1, 'box').uniform(2 * count);
const rows = Array.from({ length: count }, (_, i) => [u[2 * i]!, u[2 * i + 1]!].map((v) => 2 * v - 1));
const table = (values: number[][]): string => ['a,b', ...values.map((row) => row.join())].join('\n');
const data = put(folder, 'box.csv', table(rows));

/** Standard normal: P(−√3 < z < √3), for the deviation 1/√3 of each feature. */
const inside = 0.91674;

describe('a prior', () => {
  it('says how many draws of a flow lie outside', async () => {
    const config = put(folder, 'config.json', '{"training": {"learningRate": 1e-12}}');
    const trained = await runHere(
      'train',
      '--data',
      data,
      '--config',
      config,
      '--max-steps',
      '1',
      '--output',
      run,
    );
    assert.equal(trained.code, 0, trained.stderr);
    const check = (prior: string, ...more: string[]) =>
      runHere('check', run, '--input', data, '--draws', String(count), '--prior', prior, ...more);
    for (const [prior, expected] of [
      ['-1:1', 1 - inside ** 2],
      ['-1:1,-9:9', 1 - inside],
    ] as const) {
      const { leakage, findings } = JSON.parse((await check(prior, '--json')).stdout) as {
        leakage: { share: number; error: number };
        findings: { kind: string; severity: string; sentence: string }[];
      };
      // Four standard errors of 4,000 draws.
      assert.ok(
        Math.abs(leakage.share - expected) < 4 * leakage.error,
        `${leakage.share}, expected ${expected}`,
      );
      assert.ok(Math.abs(leakage.error - Math.sqrt((expected * (1 - expected)) / count)) < 1e-3);
      const { kind, severity, sentence } = findings[0]!;
      assert.deepEqual([kind, severity], ['leakage', 'notice']);
      assert.match(sentence, /^\d+ of 4,000 draws \([\d.]+% ± [\d.]+%\) are outside of the prior\.$/);
    }
    assert.match((await check('-9:9')).stdout, /✓ No draw is outside of the prior\./);
  });

  it('is refused in words where it does not fit', async () => {
    for (const [prior, words] of [
      [
        '0:1',
        /\d+ of 4000 examples are outside of the prior\. Check its bounds, their order and their units/,
      ],
      ['-1:1,-1:1,-1:1', /--prior has 3 intervals; expected 1, or 2, one for each feature/],
      ['1:-1', /--prior 1:-1: expected LOW:HIGH, as -1:1 or 0:1,-3:3, or FILE\.py:FUNCTION/],
      ['-1:', /expected LOW:HIGH/],
      ['gmm40', /expected LOW:HIGH/],
    ] as const) {
      const { code, stderr } = await runHere('check', run, '--input', data, '--prior', prior);
      assert.notEqual(code, 0);
      assert.match(stderr, words);
    }
    const { stderr } = await runHere('check', run, '--target', 'gmm40', '--prior', '0:1');
    assert.match(stderr, /--prior is for a check without a target/);
  });
});
