/** calibrate, by the command line: a run given a column of its table. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import { stream } from '../../../src/data/random';
import { temporaryFolder } from '../../unit/support/temporary';
import { here, start } from './flowscope';

const { flowscope, json } = here;

const folder = temporaryFolder();
const at = (name: string): string => path.join(folder, name);

interface Report {
  pairs: number;
  draws: number;
  split?: string;
  features: { name: string; ranks: number[]; pValue: number; off: string | null }[];
  coverage: { ranks: number[]; levels: { level: number; found: number }[] };
  tarp: { ranks: number[] };
}

describe('calibrate', () => {
  before(async () => {
    process.env.FLOWSCOPE_BACKEND = 'onnxruntime';
    const draw = stream(5, 'calibrate-cli').normal(3 * 400);
    const rows = Array.from({ length: 400 }, (_, i) => {
      const given = draw[3 * i]!;
      return [given + 0.3 * draw[3 * i + 1]!, given, 0.5 * given + 0.2 * draw[3 * i + 2]!].join();
    });
    writeFileSync(at('table.csv'), `a,m,b\n${rows.join('\n')}\n`);
    const common = ['--max-steps', '30', '--seed', '1', '--quiet'];
    for (const [run, ...options] of [
      ['given', '--data', at('table.csv'), '--condition', 'm'],
      ['plain', '--data', 'moons'],
    ] as const) {
      const { code, stderr } = await flowscope('train', ...options, '--output', at(run), ...common);
      assert.equal(code, 0, stderr);
    }
  });

  test('held-out pairs of the run, with all ranks and a chart', async () => {
    const report = await json<Report>(
      ...['calibrate', at('given'), '--count', '40', '--draws', '30', '--chart', at('chart.svg')],
    );
    assert.equal(report.split, 'validation');
    assert.deepEqual([report.pairs, report.draws], [40, 30]);
    assert.deepEqual(
      report.features.map(({ name }) => name),
      ['a', 'b'],
    );
    for (const { ranks } of [...report.features, report.coverage, report.tarp]) {
      assert.equal(ranks.length, 40);
      assert.ok(ranks.every((rank) => Number.isInteger(rank) && rank >= 0 && rank <= 30));
    }
    assert.match(readFileSync(at('chart.svg'), 'utf8'), /^<svg[^]*>Coverage<[^]*<\/svg>\n$/);
  });

  test('rows of a table by the names of their columns; the wrong condition for them is found', async () => {
    const choice = ['--input', at('table.csv'), '--count', '200', '--draws', '50'];
    const own = await json<Report>('calibrate', at('given'), ...choice);
    const wrong = await json<Report>('calibrate', at('given'), ...choice, '--condition', 'm=3');
    assert.equal(own.pairs, 200);
    assert.equal(wrong.features[0]!.off, 'too high');
    assert.ok(own.features[0]!.pValue > wrong.features[0]!.pValue);
    const { stdout } = await flowscope('calibrate', at('given'), ...choice, '--chart', at('page.html'));
    // Samples of m = 3 are nowhere near the table's.
    assert.match(stdout, /distance +p +mean +spread/);
    assert.match(stdout, /distance \(TARP\)/);
    assert.match(readFileSync(at('page.html'), 'utf8'), /<svg[^]*<td>distance \(TARP\)<\/td>/);
  });

  test('what cannot be calibrated is refused in words', async () => {
    const fails = async (message: RegExp, ...args: string[]): Promise<void> => {
      const { code, stderr } = await flowscope('calibrate', ...args);
      assert.equal(code, 1, stderr);
      assert.match(stderr, message);
    };
    await fails(/takes no condition/, at('plain'));
    await fails(/--chart c\.png: .* expected one of \.svg, \.html/, at('given'), '--chart', 'c.png');
    writeFileSync(at('few.csv'), 'a,m,b\n1,2,3\n2,3,4\n');
    await fails(/few\.csv: holds 2 examples; 10 are needed at least/, at('given'), '--input', at('few.csv'));
  });

  test('Ctrl-C leaves no chart', async () => {
    const chart = at('canceled.svg');
    const running = start(
      ['calibrate', at('given'), '--input', at('table.csv'), '--draws', '10000', '--chart', chart],
      { cwd: folder },
    );
    await running.shows(/calibrating/);
    running.child.kill('SIGINT');
    const { code, stdout } = await running.ended;
    assert.equal(code, 130);
    assert.equal(stdout, '');
    assert.equal(existsSync(chart), false);
  });
});
