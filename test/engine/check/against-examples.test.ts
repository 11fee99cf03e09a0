/** Classifiers against the best that any can do, and flows held against examples that they drew themselves, or a wrong flow did. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { stream } from '../../../src/data/random';
import type { Backend } from '../../../src/engine/backends/backend';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { againstExamples } from '../../../src/engine/check/against-examples';
import { trainClassifiers } from '../../../src/engine/check/classifier';
import { sample } from '../../../src/engine/use/sample';
import type { ExamplesReport } from '../../../src/protocol/check';
import { againstDrawn, openPlanted } from './planted';

let backend: Backend;
before(async () => {
  backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
});
after(() => backend.dispose());

describe('classifiers', () => {
  const count = 6000;
  /** Share of rows that were not learned from and are told rightly. */
  const accuracy = async (data: Float32Array, size: number): Promise<number> => {
    const isLeftOut = (row: number): boolean => row % 4 === 0;
    const rows = { count: 2 * count, size, data };
    const label = (row: number): number => (row < count ? 1 : 0);
    const trained = await trainClassifiers(
      backend,
      rows,
      (_, row) => (isLeftOut(row) ? undefined : label(row)),
      { classifiers: 1, units: 10 * size, draw: stream(1, 'classifier') },
    );
    const [logits] = await trained.logits(rows);
    await trained.dispose();
    const others = [...logits!.keys()].filter(isLeftOut);
    return others.filter((row) => logits![row]! > 0 === (label(row) === 1)).length / others.length;
  };

  it('tell two normals as often as their distance allows', async () => {
    const data = stream(2, 'rows').normal(2 * count);
    for (let row = 0; row < count; row++) data[row]! += 1;
    // The best is Φ(½), for a distance of one deviation.
    const found = await accuracy(data, 1);
    assert.ok(Math.abs(found - 0.6915) < 0.02, `${found}; 0.02 is two standard errors of 3,000 rows`);
  });

  it('tell what only goes together', async () => {
    const rho = 0.9;
    const data = stream(3, 'rows').normal(4 * count);
    for (let row = 0; row < count; row++)
      data[2 * row + 1] = rho * data[2 * row]! + Math.sqrt(1 - rho ** 2) * data[2 * row + 1]!;
    // What the ratio of the two densities tells.
    const logRatio = (a: number, b: number): number =>
      (a * a + b * b) / 2 -
      (a * a - 2 * rho * a * b + b * b) / (2 * (1 - rho ** 2)) -
      Math.log(1 - rho ** 2) / 2;
    let right = 0;
    for (let row = 0; row < 2 * count; row++)
      right += logRatio(data[2 * row]!, data[2 * row + 1]!) > 0 === row < count ? 1 : 0;
    const [found, best] = [await accuracy(data, 2), right / (2 * count)];
    assert.ok(Math.abs(found - best) < 0.025, `${found}, the best is ${best}`);
  });
});

describe('a check against examples', () => {
  const checked = (options: Parameters<typeof againstDrawn>[1]) => againstDrawn(backend, options);
  const off = ({ findings }: ExamplesReport): string[] =>
    findings.filter(({ severity }) => severity !== 'ok').map(({ kind }) => kind);

  it('finds nothing in a flow that drew them', async () => {
    const report = await checked({ kind: 'NSF', seed: 3 });
    assert.deepEqual(off(report), [], JSON.stringify(report.tests));
    assert.deepEqual(
      report.tests.map(({ kind }) => kind),
      ['latents', 'examples', 'energy', 'sliced'],
    );
  });

  it('finds a layer that stretches', async () => {
    const report = await checked({ kind: 'NSF', fault: { kind: 'stretch', layer: 2, by: 1.3 }, seed: 3 });
    assert.ok(report.tests[0]!.off && off(report).includes('classifier'), JSON.stringify(report.tests));
    assert.ok(report.tests[0]!.value > report.tests[1]!.band);
  });

  it('finds conditions of another scale, also at observations, and what the condition tells', async () => {
    const right = await checked({ kind: 'conditional', seed: 6 });
    assert.deepEqual(off(right), [], JSON.stringify(right.tests));
    assert.equal(right.local!.observations.length, 40);
    for (const { contraction, correlation } of right.recovery!)
      assert.ok(Math.abs(contraction - correlation) < 0.08, `${contraction}, ${correlation}`);
    const wrong = await checked({ kind: 'conditional', wrong: -3, seed: 6 });
    assert.ok(off(wrong).includes('classifier') && off(wrong).includes('local'), JSON.stringify(wrong));
    assert.ok(wrong.local!.pValue <= 0.01);
  });

  it('numbers observations as their file does', async () => {
    const { runner } = await openPlanted(backend, 'conditional', 1, { kind: 'none' }, true);
    const count = 160;
    const order = Int32Array.from({ length: count }, (_, i) => 3 * i + 1);
    const context = stream(5, 'conditions').normal(2 * count);
    const { data: x } = (await sample(runner, { count, seed: 5, temperature: 1 }, { context })).x;
    // Examples before the first observations do not count.
    x[0] = NaN;
    x[4 * 70] = NaN;
    const steps = againstExamples({
      ...{ ways: { forward: runner, inverse: runner }, backend, seed: 1, names: [] },
      ...{ examples: { count, order, x, context }, signal: new AbortController().signal },
    });
    let last: ExamplesReport | undefined;
    for await (const { report } of steps) last = report;
    assert.equal(last!.nonFinite, 2);
    for (const { example, condition } of last!.local!.observations) {
      const row = order.indexOf(example!);
      assert.deepEqual(condition, [...context.subarray(2 * row, 2 * row + 2)]);
    }
  });

  it('refuses a handful of examples', async () => {
    const { runner } = await openPlanted(backend, 'MAF', 1, { kind: 'none' });
    const examples = { count: 20, x: new Float32Array(80), context: new Float32Array() };
    const steps = againstExamples({
      ...{ ways: { forward: runner, inverse: runner }, backend, examples, seed: 1, names: [] },
      signal: new AbortController().signal,
    });
    await assert.rejects(steps.next(), /20 examples of 20 have finite latents; .* needs 100 or more/);
  });
});
