/** Flows that are normal distributions of given means and deviations, on tables that are, or are not, of these. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as v from 'valibot';
import { saveCheckpoint } from '../../../src/checkpoint/checkpoint';
import { runConfigSchema } from '../../../src/config/schema';
import { stream } from '../../../src/data/random';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { createInspector } from '../../../src/engine/inspect/inspector';
import { openModel } from '../../../src/engine/open/open-model';
import { buildFlow } from '../../../src/flow/flow';
import { initialTensors } from '../../../src/engine/training/initialize';
import type { DataAndSamples } from '../../../src/protocol/data-and-samples';
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

/** A table of what becomes of three standard normal numbers, and a flow that is normal with these means and deviations. */
async function planted(
  row: (z: [number, number, number]) => number[],
  mean: number[],
  std: number[],
  rows = count,
): Promise<string> {
  const z = stream(3, 'planted').normal(3 * rows);
  const table = Array.from({ length: rows }, (_, i) => row([z[3 * i]!, z[3 * i + 1]!, z[3 * i + 2]!]).join());
  const source = path.join(await mkdtemp(path.join(folder, 'case-')), 'table.csv');
  await writeFile(source, [names.join(), ...table].join('\n'));
  const config = v.parse(runConfigSchema, {
    data: { source, validation: rows / 3 },
    model: { kind: 'vector', dim: 3, couplings: 2, hidden: [8] },
  });
  const file = path.join(path.dirname(source), 'flow.flow.safetensors');
  const tensors = initialTensors(buildFlow(config.model), 1);
  await saveCheckpoint(file, { config, step: 7, seconds: 1, tensors, standardize: { mean, std, names } });
  return file;
}

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

  it('a few examples are not compared', async () => {
    const file = await planted(normal, [2, 0, 5], [1, 3, 2], 24);
    await assert.rejects(compared(file), refused(/only 8 validation examples/));
  });

  it('pictures have a mean and a deviation of each pixel', async () => {
    const found = (await compared(path.resolve('test/fixtures/trained/digits.flow.safetensors')))!;
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
    ) as {
      samples: { features: { name: string; sign: string; below: number }[] };
    };
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
