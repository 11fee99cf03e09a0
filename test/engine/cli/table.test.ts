/** A user's own small table, with names, classes and gaps, by the command line: from a look at it to scores. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import { loadAnyCheckpoint } from '../../../src/checkpoint/recognize/load';
import { readMetrics, runPaths } from '../../../src/checkpoint/run-folder';
import { readNpy } from '../../../src/data/npy';
import { stream } from '../../../src/data/random';
import type { DataPreview } from '../../../src/protocol/data';
import { temporaryFolder } from '../../unit/support/temporary';
import { flowscope, json } from './flowscope';

const folder = temporaryFolder();
const at = (name: string): string => path.join(folder, name);
const rows = 120;
const table = at('plants.csv');

interface Trained {
  status: string;
  step: number;
  best: { step: number; nats: number };
  bestCheckpoint: string;
}

/** Each tenth row has no length, each fifteenth no width. */
function writeTable(file: string, length: (i: number) => string, width: (i: number) => string): void {
  const lines = Array.from(
    { length: rows },
    (_, i) => `p${i},${length(i)},${width(i)},${i % 7},kind ${i % 3}`,
  );
  writeFileSync(file, `name,length,width,plot,kind\n${lines.join('\n')}\n`);
}
const values = stream(5, 'points').normal(2 * rows);
const isGap = (i: number, every: number): boolean => i % every === 3;

before(() => {
  writeTable(
    table,
    (i) => (isGap(i, 10) ? '' : String(values[2 * i])),
    (i) => (isGap(i, 15) ? 'NA' : String(values[2 * i]! * values[2 * i + 1]!)),
  );
});

const choice = ['--exclude', 'name,plot', '--label-column', 'kind'];
/** Rows 3, 13, …, of which four lack both. */
const withGaps = Array.from({ length: rows }, (_, i) => i).filter((i) => isGap(i, 10) || isGap(i, 15)).length;

test('a look at it counts the gaps', async () => {
  const { code, stdout } = await flowscope('data', table, ...choice);
  assert.equal(code, 0);
  assert.match(stdout, /column .* gaps/);
  assert.match(stdout, /^length .* 12$/m);
  assert.match(stdout, /^width .* 8$/m);
  assert.match(stdout, new RegExp(`${withGaps} of ${rows} rows have gaps`));
  const dropped = await json<{ train: number; validation: number; note: string }>(
    ...['data', table, ...choice, '--missing', 'drop'],
  );
  assert.equal(dropped.train + dropped.validation, rows - withGaps);
  assert.match(dropped.note, new RegExp(`left out ${withGaps} of ${rows} rows with gaps`));
});

test('as it is, with words: all that training refuses is said, and the options with which it trains', async () => {
  const { code, stdout } = await flowscope('data', table);
  assert.equal(code, 0);
  assert.match(
    stdout,
    /refuses 2 columns .*: "name" \("p0" in line 2 and 119 other rows\), "kind" \("kind 0" /,
  );
  assert.match(stdout, /^name +refused +text, 120 values +0$/m);
  assert.match(stdout, /^kind +refused +3 classes: kind 0, kind 1, kind 2 +0$/m);
  assert.match(stdout, /^plot +modeled +number, whole, 7 values +0 +3 +6 /m);
  const advised = '--exclude name --label-column kind --missing drop';
  assert.match(stdout, new RegExp(`^ {2}flowscope train --data \\S+ ${advised} --output RUN$`, 'm'));
  const described = await json<{
    train: number;
    validation: number;
    refused?: unknown;
    features: { quartiles: number[]; findings?: { kind: string }[] }[];
    table: { columns: { name: string; type: string; gaps: number; distinct: number; seen?: string[] }[] };
  }>('data', table, ...advised.split(' '));
  assert.deepEqual([described.refused, described.train + described.validation], [undefined, rows - withGaps]);
  assert.deepEqual(
    described.table.columns.map(({ name, type, gaps, distinct, seen = [] }) => [
      name,
      type,
      gaps,
      distinct,
      seen.length,
    ]),
    [
      ['name', 'text', 0, 120, 0],
      ['length', 'number', 12, 108, 0],
      ['width', 'number', 8, 112, 0],
      ['plot', 'number', 0, 7, 7],
      ['kind', 'text', 0, 3, 3],
    ],
  );
  const plot = described.features.at(-1)!;
  assert.deepEqual(plot.findings, [{ kind: 'few values', distinct: 7 }]);
  assert.equal(plot.quartiles.length, 3);
  // What is given is no number to model.
  const given = await flowscope(
    'data',
    table,
    ...choice.slice(2),
    '--exclude',
    'name',
    '--condition',
    'plot',
  );
  assert.match(given.stdout, /^plot +given /m);
  assert.doesNotMatch(given.stdout, /few whole numbers/);
  assert.notEqual((await flowscope('data', at('missing.csv'))).code, 0);
});

test('whole numbers that are classes are given as classes, or as numbers by choice', async () => {
  const file = at('plans.csv');
  const rows = Array.from({ length: 300 }, (_, i) => [Math.sin(i), i % 3, i % 5].join());
  writeFileSync(file, `x,plan,floor\n${rows.join('\n')}\n`);
  const given = async (condition: string) => {
    const { features, classes } = await json<DataPreview>('data', file, '--condition', condition);
    return [classes?.length, features!.flatMap((one) => (one.condition ? [one.name] : []))];
  };
  assert.deepEqual((await given('plan'))[0], 3);
  assert.deepEqual(await given('plan=number'), [undefined, ['plan']]);
  // A table has one class.
  assert.deepEqual(await given('plan,floor'), [undefined, ['plan', 'floor']]);
  assert.deepEqual((await given('plan=class,floor'))[0], 3);
  assert.deepEqual((await given('plan,floor=number'))[0], 3);
  const both = await flowscope('data', file, '--condition', 'plan=class,floor=class');
  assert.match(both.stderr, /one column of classes; write =class behind one/);
});

test('its rows are written as arrays', async () => {
  const folder = at('arrays');
  const dropped = ['--missing', 'drop', '--write', folder];
  const { train, validation } = await json<{ train: number; validation: number }>(
    ...['data', table, ...choice, ...dropped],
  );
  const parts = await Promise.all(
    ['train', 'validation'].map((name) => readNpy(path.join(folder, `${name}.npy`))),
  );
  assert.deepEqual(
    parts.map(({ shape }) => shape),
    [
      [train, 2],
      [validation, 2],
    ],
  );
  const complete = Array.from({ length: rows }, (_, i) => i).filter((i) => !isGap(i, 10) && !isGap(i, 15));
  const expected = complete.flatMap((i) => [values[2 * i]!, values[2 * i]! * values[2 * i + 1]!]);
  const found = parts.flatMap(({ data }) => Array.from(data as Float32Array));
  const sorted = (numbers: readonly number[]): Float32Array => Float32Array.from(numbers).sort();
  assert.deepEqual(sorted(found), sorted(expected));
});

test('without a word about gaps, training says what can be done', async () => {
  const { code, stderr } = await flowscope('train', '--data', table, ...choice, '--output', at('refused'));
  assert.notEqual(code, 0);
  assert.match(stderr, /line 5, column "length": the value is missing.*--missing drop.*--missing mean/);
});

describe('filled with means', () => {
  const run = at('filled');
  const args = ['train', '--data', table, ...choice, '--missing', 'mean', '--seed', '2'];
  let result: Trained;
  before(async () => {
    result = await json<Trained>(...args, '--output', run);
  });

  test('few rows get few steps, and the best checkpoint is kept', async () => {
    const { training } = JSON.parse(readFileSync(path.join(run, 'config.json'), 'utf8')) as {
      training: { steps: number; patience: number; validateEvery: number };
    };
    assert.deepEqual([training.steps, training.patience, training.validateEvery], [200, 12, 5]);
    assert.ok(result.step < training.steps, `ended at step ${result.step}`);
    assert.equal(result.step, result.best.step + training.patience * training.validateEvery);
    const validations = (await readMetrics(runPaths(run))).flatMap(({ validationNats }) =>
      validationNats === undefined ? [] : [validationNats],
    );
    // The best is the smallest of all validations, and that of the checkpoint's own step.
    assert.equal(result.best.nats, Math.min(...validations));
    assert.equal((await loadAnyCheckpoint(result.bestCheckpoint)).step, result.best.step);
  });

  test('a resumed run equals an uninterrupted one', async () => {
    const again = at('resumed');
    await json(...args, '--output', again, '--max-steps', '32');
    const resumed = await json<Trained>('train', '--output', again, '--resume');
    assert.deepEqual([resumed.step, resumed.best], [result.step, result.best]);
    const [one, other] = [
      await loadAnyCheckpoint(result.bestCheckpoint),
      await loadAnyCheckpoint(resumed.bestCheckpoint),
    ];
    assert.deepEqual(one.tensors, other.tensors);
    assert.deepEqual(one.standardize, other.standardize);
  });

  test('a file with gaps scores as the same file filled by hand with the stored means', async () => {
    const { standardize } = await loadAnyCheckpoint(result.bestCheckpoint);
    const [length, width] = standardize!.mean;
    writeTable(
      at('by-hand.csv'),
      (i) => String(isGap(i, 10) ? length : values[2 * i]),
      (i) => String(isGap(i, 15) ? width : values[2 * i]! * values[2 * i + 1]!),
    );
    const scored = await json<{ nats: number[] }>('score', run, '--input', table);
    const byHand = await json<{ nats: number[] }>('score', run, '--input', at('by-hand.csv'));
    assert.equal(scored.nats.length, rows);
    assert.deepEqual(scored.nats, byHand.nats);
    const { stderr } = await flowscope('score', run, '--input', table);
    assert.match(stderr, new RegExp(`filled gaps in ${withGaps} of ${rows} rows`));
  });
});

test('rows left out: said at first, and left out of scores too', async () => {
  const run = at('dropped');
  const { code, stderr } = await flowscope(
    ...['train', '--data', table, ...choice, '--missing', 'drop', '--output', run, '--max-steps', '2'],
  );
  assert.equal(code, 0, stderr);
  assert.match(stderr, new RegExp(`left out ${withGaps} of ${rows} rows with gaps`));
  assert.match(
    stderr,
    /At most 200 steps: 200 passes over 83 training examples; ends early after 12 validations/,
  );
  const { nats } = await json<{ nats: number[] }>('score', run, '--input', table);
  assert.equal(nats.length, rows - withGaps);
});
