/** A flow of columns of integers, from a table to samples, scores, apply and exported files. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { runPaths } from '../../../src/checkpoint/run-folder';
import { stream } from '../../../src/data/random';
import type { Backend } from '../../../src/engine/backends/backend';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { exportOnnx } from '../../../src/engine/export/onnx';
import { exportTorch } from '../../../src/engine/export/torch';
import { dataExamples } from '../../../src/engine/model/examples';
import type { Model } from '../../../src/engine/model/model';
import { createInspector } from '../../../src/engine/inspect/inspector';
import { openOnnxFlow } from '../../../src/engine/onnx-flow/open-onnx-flow';
import { openModel } from '../../../src/engine/open/open-model';
import { train } from '../../../src/engine/training/train';
import { prepareInput } from '../../../src/engine/use/input';
import { sample } from '../../../src/engine/use/sample';
import { score, examplesToScore } from '../../../src/engine/use/score';
import type { Corners } from '../../../src/protocol/selection';
import { temporaryFolder } from '../../unit/support/temporary';
import { anySignal, refused } from '../inspect/model';

const folder = temporaryFolder();
const at = (name: string): string => path.join(folder, name);
const count = 3000;
const uniform = stream(3, 'table').uniform(2 * count);

/** P(X ≤ k) of a Poisson distribution of mean 3 is at most u, for k below the value. */
function poisson(u: number): number {
  let [k, p] = [0, Math.exp(-3)];
  for (let sum = p; u > sum && k < 30; sum += p) p *= 3 / ++k;
  return k;
}
/** Independent: counts, and grades of 1 to 5 that are equally likely. */
const values = Array.from({ length: count }, (_, i) => [
  poisson(uniform[2 * i]!),
  1 + Math.floor(5 * uniform[2 * i + 1]!),
]);
const config = {
  data: { source: 'table.csv', transforms: { count: 'dequantize:log', grade: 'dequantize:logit:1:5' } },
  model: { kind: 'vector', dim: 2, couplings: 4, hidden: [16], transform: 'rationalQuadratic' },
  training: { steps: 600, batch: 200, learningRate: 5e-3, validateEvery: 300, checkpointEvery: 600 },
};

let backend: Backend;
let model: Model;
before(async () => {
  backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
  await writeFile(at('table.csv'), ['count,grade', ...values.map((row) => row.join())].join('\n'));
  await writeFile(at('run.flow.json'), JSON.stringify(config));
  await train({ config: at('run.flow.json'), output: at('run') }, { backend });
  model = await openModel(runPaths(at('run')).last, backend);
});
after(() => model.dispose());

/** −ln p of the held-out rows, averaged over draws of noise. */
async function validation(draws: number): Promise<number> {
  const { runner } = model.flow!;
  const opened = {
    runner,
    model: model.flow!,
    data: model.flow!.header.config.data,
    layout: 'nhwc',
    file: 'run',
  };
  const examples = await examplesToScore(opened as never, { split: 'validation', space: 'data', seed: 0 });
  assert.equal(examples.noisy, true);
  return (await score(runner, examples, { draws })).mean.nats;
}

describe('a flow of columns of integers', () => {
  it('has a density that integrates to 1 over both columns, by Simpson’s rule', async () => {
    const { runner } = model.flow!;
    const [across, up, steps] = [400, 200, [40 / 400, 5 / 200] as const];
    const rows = Array.from({ length: (across + 1) * (up + 1) }, (_, i) => {
      const [a, b] = [i % (across + 1), Math.floor(i / (across + 1))];
      const weight = (k: number, last: number) => (k === 0 || k === last ? 1 : k % 2 ? 4 : 2) / 3;
      return {
        x: [Math.max(a * steps[0], 1e-6), Math.min(Math.max(1 + b * steps[1], 1.00001), 5.9999)],
        weight: weight(a, across) * weight(b, up) * steps[0] * steps[1],
      };
    });
    const out = await runner.forward(Float32Array.from(rows.flatMap(({ x }) => x)), rows.length, 'data');
    const total = rows.reduce(
      (sum, { weight }, i) => sum + weight * Math.exp(out.prior[i]! + out.logDet[i]! + out.preprocessing[i]!),
      0,
    );
    assert.ok(Math.abs(total - 1) < 0.02, String(total));
  });

  it('comes near the entropy of the integers and, averaged over noise, does not go below it', async () => {
    // scipy.stats.poisson(3).entropy() + np.log(5)
    const entropy = 1.9312314319594586 + Math.log(5);
    // The held-out rows are a sample: what they cost by the distribution itself.
    const dataset = await model.flow!.data.open();
    const rows = await dataset.validation.read(Array.from({ length: dataset.validation.count }, (_, i) => i));
    let exact = 0;
    const factorial = [0];
    for (let k = 1; k < 40; k++) factorial[k] = factorial[k - 1]! + Math.log(k);
    for (let i = 0; i < rows.length; i += 2)
      exact += 3 - rows[i]! * Math.log(3) + factorial[rows[i]!]! + Math.log(5);
    exact /= dataset.validation.count;
    assert.ok(Math.abs(exact - entropy) < 0.1);
    const nats = await validation(32);
    assert.ok(nats > exact - 0.02 && nats < exact + 0.25, `${nats}, ${exact}`);
  });

  it('has samples that are integers within the bounds', async () => {
    const { data } = (await sample(model.flow!.runner, { count: 5000, seed: 1, temperature: 1 })).x;
    let mean = 0;
    for (let i = 0; i < data.length; i += 2) {
      assert.ok(Number.isInteger(data[i]!) && data[i]! >= 0, String(data[i]));
      assert.ok([1, 2, 3, 4, 5].includes(data[i + 1]!), String(data[i + 1]));
      mean += data[i]! / 5000;
    }
    assert.ok(Math.abs(mean - 3) < 0.3, String(mean));
  });

  it('takes integers with noise, other numbers as they are, and shows the integers', async () => {
    const { runner } = model.flow!;
    const array = { shape: [2, 2], dtype: 'float32', data: Float32Array.of(3, 1, 2.25, 5) };
    const input = prepareInput(runner, array, { space: 'data', layout: 'nhwc', seed: 1, where: 'x' });
    assert.equal(input.dequantized, true);
    const [a, b, c, d] = input.x as unknown as [number, number, number, number];
    assert.ok(a > 3 && a < 4 && b > 1 && b < 2 && c === 2.25 && d > 5 && d < 6, String(input.x));
    const { x, shown } = await dataExamples(model.flow!, 'train', 0, 20);
    x.forEach((value, i) => assert.ok(Math.floor(value) === shown[i] && value !== shown[i]));
  });

  it('shows integers also where latents were changed, which are scored with their noise', async () => {
    const inspector = createInspector('1', model);
    const example = { kind: 'data', split: 'train', index: 3 } as const;
    const { values, nats } = await inspector.ask('edited', { example, edits: [] }, anySignal());
    const { x, shown } = await dataExamples(model.flow!, 'train', 3, 1);
    assert.deepEqual([...values.data], [...shown]);
    const { logDet, preprocessing, prior } = await model.flow!.runner.forward(x, 1, 'data');
    assert.ok(Math.abs(nats! + prior[0]! + logDet[0]! + preprocessing[0]!) < 1e-3);
    const corners = [0, 1, 2, 3].map((index) => ({ ...example, index })) as unknown as Corners;
    const query = { corners, angles: 4, range: 'circle' } as const;
    const { values: grid } = await inspector.ask('manifold', query, anySignal());
    assert.ok(grid.data.every(Number.isInteger));
    inspector.dispose();
  });

  it('says which columns have noise, and that its density is of them', () => {
    const { info } = model.flow!.layers[0]!;
    assert.deepEqual(info.mapped, ['count: dequantize:log', 'grade: dequantize:logit:1:5']);
    assert.equal(info.dequantizes, true);
  });

  it('exports files that say what they take', async () => {
    const { files, maxAbs } = await exportOnnx(model, at('onnx'));
    assert.ok(maxAbs < 1e-3);
    const opened = await openOnnxFlow(files.find(({ kind }) => kind === 'forward')!.path, 1);
    assert.deepEqual(opened.runner.integers, [0, 1]);
    await opened.dispose();
    await exportTorch(model, at('torch'));
    const text = await readFile(path.join(at('torch'), 'flow.py'), 'utf8');
    assert.match(text, /Integers \(features 0, 1, from 0\) get noise/);
    assert.match(text, /x\[:, \[0, 1\]\] = x\[:, \[0, 1\]\]\.floor\(\)/);
  });

  it('refuses values that are no integers', async () => {
    await writeFile(
      at('halves.csv'),
      ['count,grade', ...values.map(([a], i) => [a, i / 2].join())].join('\n'),
    );
    const start = train(
      { data: at('halves.csv'), reading: { transforms: { grade: 'dequantize' } }, output: at('halves') },
      { backend },
    );
    await assert.rejects(
      start,
      refused(
        /example 1 \(from 0\) has 0\.5 in the column "grade", and dequantize takes integers up to about a million\. .*Round the values/,
      ),
    );
  });
});
