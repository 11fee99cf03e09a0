/** Flows that are normal distributions of given means and deviations, on tables that are, or are not, of these. */
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as v from 'valibot';
import { saveCheckpoint, type Checkpoint } from '../../../src/checkpoint/checkpoint';
import { loadAnyCheckpoint } from '../../../src/checkpoint/recognize/load';
import { sidecarPath } from '../../../src/checkpoint/sidecar';
import { runConfigSchema } from '../../../src/config/schema';
import { stream } from '../../../src/data/random';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { createInspector } from '../../../src/engine/inspect/inspector';
import { openModel } from '../../../src/engine/open/open-model';
import { buildFlow } from '../../../src/flow/flow';
import { initialTensors } from '../../../src/engine/training/initialize';
import type { ModelDescription } from '../../../src/protocol/description';
import type { CalibrationPart } from '../../../src/protocol/calibration';
import type { DataAndSamples } from '../../../src/protocol/data-and-samples';
import { defaultBatch } from '../../../src/protocol/questions';
import { otherFaults, signsOf } from '../../../src/protocol/signs';
import { here } from '../cli/flowscope';
import { anySignal, refused } from './model';

const { flowscope } = here;
const count = 1200;
const names = ['pressure', 'yield', 'income'];

let folder: string;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'flowscope-data-and-samples-'));
});
after(() => rm(folder, { recursive: true }));

type Row = (z: [number, number, number]) => number[];

interface Plan {
  rows?: number;
  seed?: number;
  /** Of held-out examples, where they are unlike the others. */
  held?: Row;
  /** The last column is given. */
  conditional?: true;
  change?: (tensors: Checkpoint['tensors']) => void;
}

/** A table of what becomes of three standard normal numbers, and a flow that is normal with these means and deviations. */
async function planted(
  row: Row,
  mean: number[],
  std: number[],
  { rows = count, seed = 3, held, conditional: given, change }: Plan = {},
): Promise<string> {
  const place = await mkdtemp(path.join(folder, 'case-'));
  const written = async (name: string, of: Row): Promise<string> => {
    const z = stream(seed, name).normal(3 * rows);
    const table = Array.from({ length: rows }, (_, i) =>
      of([z[3 * i]!, z[3 * i + 1]!, z[3 * i + 2]!]).join(),
    );
    await writeFile(path.join(place, `${name}.csv`), [names.join(), ...table].join('\n'));
    return path.join(place, `${name}.csv`);
  };
  const config = v.parse(runConfigSchema, {
    data: {
      source: await written('planted', row),
      validation: rows / 3,
      ...(held ? { validationSource: await written('held', held) } : {}),
      ...(given ? { contextColumns: [names[2]] } : {}),
    },
    model: {
      kind: 'vector',
      dim: given ? 2 : 3,
      couplings: 2,
      hidden: [8],
      ...(given ? { context: 1 } : {}),
    },
  });
  const file = path.join(place, 'flow.flow.safetensors');
  const tensors = initialTensors(buildFlow(config.model), 1);
  change?.(tensors);
  const columns = given ? { names: names.slice(0, 2), contextNames: names.slice(2) } : { names };
  await saveCheckpoint(file, {
    ...{ config, step: 7, seconds: 1, tensors },
    standardize: { mean, std, ...columns },
  });
  return file;
}

const trained = (name: string): string => path.resolve(`test/fixtures/trained/${name}.flow.safetensors`);

async function compared(file: string): Promise<DataAndSamples | null> {
  const opened = await openModel(file, await createOnnxRuntimeBackend({ threads: 1, reason: 'test' }));
  const inspector = createInspector('1', opened);
  try {
    return await inspector.ask('dataAndSamples', undefined, anySignal());
  } finally {
    inspector.dispose();
    await opened.dispose();
  }
}

const normal = ([a, b, c]: [number, number, number]): number[] => [2 + a, 3 * b, 5 + 2 * c];

describe('data and samples', () => {
  it('of a flow that has the distribution of its data are alike', async () => {
    const found = (await compared(await planted(normal, [2, 0, 5], [1, 3, 2])))!;
    assert.equal(found.split, 'validation');
    assert.deepEqual([found.examples, found.samples, found.nonFinite], [400, 2000, 0]);
    assert.deepEqual(
      found.features.map(({ name, sign }) => [name, sign]),
      names.map((name) => [name, 'ok']),
    );
    assert.equal(found.finding.severity, 'ok');
    for (const { distance, histogram } of found.features) {
      assert.ok(distance < found.band);
      for (const shares of [histogram.data, histogram.samples])
        assert.ok(Math.abs(shares.reduce((a, b) => a + b) - 1) < 0.02);
    }
    assert.deepEqual(found.points!.features, [0, 1, 2]);
    assert.deepEqual(found.points!.samples.shape, [400, 3]);
  });

  it('a mean that is shifted by a deviation is a fault', async () => {
    const found = (await compared(await planted(normal, [2, 3, 5], [1, 3, 2])))!;
    const { severity, kind, values } = found.finding;
    assert.deepEqual([severity, kind, values.feature], ['error', 'distance', 'yield']);
    // The largest difference of two normal distribution functions a deviation apart is 2·Φ(1/2) − 1 = 0.383.
    assert.ok(Math.abs(Number(values.distance) - 0.383) < 0.06);
    assert.equal(found.features[0]!.sign, 'ok');
  });

  it('features that depend on each other are more than each of them alone', async () => {
    const dependent = ([a, b, c]: [number, number, number]) => [2 + a, 3 * (0.95 * a + 0.31 * b), 5 + 2 * c];
    const found = (await compared(await planted(dependent, [2, 0, 5], [1, 3, 2])))!;
    assert.deepEqual(
      found.features.map(({ sign }) => sign),
      ['ok', 'ok', 'ok'],
    );
    assert.deepEqual([found.finding.severity, found.finding.kind], ['notice', 'together']);
  });

  it('whole numbers of which there are few count as the nearest', async () => {
    const file = await planted(([a, b, c]) => [2 + a, 3 * b, c > 0 ? 1 : 0], [2, 0, 0.5], [1, 3, 0.5]);
    const income = (await compared(file))!.features[2]!;
    assert.equal(income.distinct, 2);
    assert.ok(income.distance < 0.05, String(income.distance));
    // Normal values more than half a step outside of both: 2·Φ(−2).
    assert.ok(Math.abs(income.below + income.above - 0.0455) < 0.015);
    assert.deepEqual(income.remedy, { kind: 'few values', distinct: 2 });
  });

  it('only values that end abruptly are called bounded', async () => {
    const remedies = async (row: Row): Promise<unknown[]> => {
      const found = (await compared(await planted(row, [2, 0, 5], [1, 9, 2])))!;
      const { below, above, remedy } = found.features[1]!;
      assert.ok(below > 0.01 && above > 0.01, `${below}, ${above}`);
      return [remedy, /bounded/.test(found.finding.advice!)];
    };
    // Three times as wide as the data, on both sides.
    assert.deepEqual(await remedies(normal), [{ kind: 'train' }, false]);
    // The fractional part of a wide normal value is uniform.
    const uniform: Row = ([a, b, c]) => [2 + a, 9 * (b * 3 - Math.floor(b * 3)) - 4.5, 5 + 2 * c];
    assert.deepEqual(await remedies(uniform), [{ kind: 'logit' }, true]);
  });

  it('a few examples are not compared', async () => {
    const file = await planted(normal, [2, 0, 5], [1, 3, 2], { rows: 24 });
    await assert.rejects(compared(file), refused(/only 8 validation examples/));
  });

  it('pictures have a mean and a deviation of each pixel', async () => {
    const found = (await compared(trained('digits')))!;
    const { data, samples } = found.pixels!;
    for (const { mean, deviation } of [data, samples]) {
      assert.deepEqual(
        [mean.shape, deviation.shape],
        [
          [8, 8, 1],
          [8, 8, 1],
        ],
      );
    }
    // Borders are dark and the middle is bright in both, the noise of dequantization included.
    for (const { mean } of [data, samples]) {
      assert.ok(mean.data[0]! > 0 && mean.data[0]! < 1.5, `border ${mean.data[0]}`);
      assert.ok(Math.max(...mean.data) > 9);
    }
    assert.deepEqual([found.features, found.featureCount], [[], 0]);
  });
});

/** What the headline says, with the names of other checks that found something. */
async function judged(file: string): Promise<string[]> {
  const opened = await openModel(file, await createOnnxRuntimeBackend({ threads: 1, reason: 'test' }));
  const inspector = createInspector('1', opened);
  try {
    const summary = await inspector.ask('summary', undefined, anySignal());
    const { findings } = await inspector.ask('findings', { batch: defaultBatch(summary) }, anySignal());
    const settings = { split: 'validation', pairs: 400, draws: 100, seed: 0 } as const;
    let part: CalibrationPart | undefined;
    // A slow machine answers in several parts.
    while (summary.context && !(part && part.done === part.total))
      part = await inspector.ask('calibration', { ...settings, start: part?.done ?? 0 }, anySignal());
    const signs = signsOf(findings, part).map(({ name, mark }) => `${name} ${mark}`);
    return [...signs, ...otherFaults(findings).map(({ check }) => check)];
  } finally {
    inspector.dispose();
    await opened.dispose();
  }
}

/** A flow that was trained well, with some of its weights changed. */
async function spoilt(name: string, change: (tensors: Checkpoint['tensors']) => void): Promise<string> {
  const checkpoint = await loadAnyCheckpoint(trained(name));
  change(checkpoint.tensors);
  const file = path.join(await mkdtemp(path.join(folder, 'spoilt-')), 'flow.flow.safetensors');
  await saveCheckpoint(file, checkpoint);
  return file;
}

/** The shift of the first coupling, whatever its input. */
const shiftBy = (value: number) => (tensors: Checkpoint['tensors']) => {
  const name = Object.keys(tensors).findLast((key) => /^couplings\.0\.net\..*bias$/.test(key))!;
  const { data } = tensors[name]!;
  data.fill(value, data.length / 2);
};

describe('a planted fault', () => {
  const [mean, std] = [
    [2, 0, 5],
    [1, 3, 2],
  ];
  const times = (factor: number): number[] => std.map((value) => factor * value);
  const cases: [name: string, sign: RegExp, file: () => Promise<string>][] = [
    [
      'a heavy tail',
      /samples error/,
      () => planted(([a, b, c]) => [2 + a, 3 * b, Math.exp(9 + 2.5 * c)], [2, 0, 2e5], [1, 3, 2e6]),
    ],
    [
      'a dropped mode',
      /samples error/,
      () => planted(([a, b, c]) => [2 + a, 3 * b, 8 * Math.sign(c) + c], [2, 0, 8.8], [1, 3, 0.6]),
    ],
    ['a shifted mean', /samples error/, () => planted(normal, [2, 3, 5], std)],
    ['one column scaled', /samples error/, () => planted(normal, mean, [1, 6, 2])],
    ['too narrow', /latents notice/, () => planted(normal, mean, times(0.6))],
    ['too wide', /latents notice/, () => planted(normal, mean, times(1.7))],
    [
      'features taken to be independent',
      /samples notice/,
      () => planted(([a, b, c]) => [2 + a, 3 * (0.9 * a + 0.44 * b), 5 + 2 * c], mean, std),
    ],
    [
      'values that end where samples do not',
      /samples error/,
      () => planted(([a, b, c]) => [2 + a, 3 * b, Math.min(0.5, Math.max(-0.5, c))], [2, 0, 0], [1, 3, 0.42]),
    ],
    [
      'a class ignored',
      /calibration (notice|error)/,
      () =>
        planted(([a, b, c]) => [0.8 * Math.sign(c) + 0.6 * a, 3 * b, Math.sign(c)], [0, 0, 0], [1, 3, 1], {
          conditional: true,
        }),
    ],
    [
      'data that were memorized',
      /overfitting notice/,
      () => planted(normal, mean, std, { held: ([a, b, c]) => normal([2 * a, 2 * b, 2 * c]) }),
    ],
    [
      'not a number',
      /nonFinite/,
      () => planted(normal, mean, std, { change: (tensors) => Object.values(tensors)[0]!.data.fill(NaN) }),
    ],
    [
      'a shift that rounds values away',
      /inverse (notice|error)/,
      () => planted(normal, mean, std, { change: shiftBy(1e5) }),
    ],
    ['a shift of a trained flow', /samples error/, () => spoilt('moons', shiftBy(1))],
    [
      'a trained flow of images that lost a coupling',
      /samples (notice|error)|latents notice/,
      () =>
        spoilt('digits', (tensors) => {
          for (const [name, { data }] of Object.entries(tensors))
            if (/^scales\.0\.checkerboard\.[01]\..*convOut\.(g|bias)$/.test(name)) data.fill(0);
        }),
    ],
  ];
  for (const [name, sign, file] of cases)
    it(`${name}: is warned of`, async () => assert.match((await judged(await file())).join(', '), sign));

  it('8×8 opened as 64×64: is said to be a guess, until it is answered', async () => {
    const file = path.join(await mkdtemp(path.join(folder, 'glow-')), 'model.pt');
    await copyFile(path.resolve('test/fixtures/wild/rosinality-glow-8/model.pt'), file);
    const guesses = ['Height of the images: 64', 'Width of the images: 64'];
    const info = async () => JSON.parse((await flowscope('info', file, '--json')).stdout) as ModelDescription;
    assert.deepEqual((await info()).origin?.guesses, guesses);
    assert.match((await flowscope('info', file)).stdout, /^GUESSED +Height of the images: 64, Width/m);
    await writeFile(sidecarPath(file), JSON.stringify({ answers: { height: 8, width: 8 } }));
    assert.equal((await info()).origin?.guesses, undefined);
  });

  it('is not found in flows that are well', async () => {
    const well = ['samples', 'overfitting', 'latents', 'inverse'].map((name) => `${name} ok`);
    const flows = [
      trained('moons'),
      trained('digits'),
      ...(await Promise.all(
        [4, 5, 6, 7].map((seed) => planted(normal, mean, std, { seed, rows: 300 * seed })),
      )),
    ];
    for (const file of flows) assert.deepEqual((await judged(file)).slice(0, 4), well, file);
  });
});

describe('flowscope diagnose', () => {
  it('a heavy tail: negative incomes, and what to do', async () => {
    const file = await planted(
      ([a, b, c]) => [2 + a, 3 * b, Math.exp(9 + 2.5 * c)],
      [2, 0, 2e5],
      [1, 3, 2e6],
    );
    const { code, stdout } = await flowscope('diagnose', file, '--backend', 'onnxruntime');
    assert.equal(code, 4);
    assert.doesNotMatch(stdout, /No problems found/);
    assert.match(
      stdout,
      /ERROR: income: 4\d% of samples lie below the smallest value \([^)]*\)\. Heavy tail: the largest value is [\d,]+ times the median\.\n {2}Try: Train on log\(income\)\./,
    );
    const json = JSON.parse(
      (await flowscope('diagnose', file, '--backend', 'onnxruntime', '--json')).stdout,
    ) as { samples: { features: { name: string; sign: string; below: number }[] } };
    const income = json.samples.features.find(({ name }) => name === 'income')!;
    assert.equal(income.sign, 'error');
    assert.ok(income.below > 0.4);
  });

  it('never says that a flow without data is well', async () => {
    const peer = path.resolve('test', 'fixtures', 'peers', 'nflows-2d', 'state_dict.pt');
    const { code, stdout } = await flowscope('diagnose', peer, '--backend', 'onnxruntime');
    assert.equal(code, 0);
    assert.match(stdout, /^Checked on the flow’s own samples, which says nothing about your data\.\n/);
    assert.match(stdout, /Try: Name your data in a file beside this one/);
    assert.doesNotMatch(stdout, /No problems found/);
  });
});
