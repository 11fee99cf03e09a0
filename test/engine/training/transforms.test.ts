/** A flow of columns with bounds, from a table to samples, scores, a resumed run and exported files. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { loadAnyCheckpoint } from '../../../src/checkpoint/recognize/load';
import { runPaths } from '../../../src/checkpoint/run-folder';
import { stream } from '../../../src/data/random';
import type { Backend } from '../../../src/engine/backends/backend';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { exportOnnx } from '../../../src/engine/export/onnx';
import type { Model } from '../../../src/engine/model/model';
import { openOnnxFlow } from '../../../src/engine/onnx-flow/open-onnx-flow';
import { openModel } from '../../../src/engine/open/open-model';
import { train } from '../../../src/engine/training/train';
import { sample } from '../../../src/engine/use/sample';
import { temporaryFolder } from '../../unit/support/temporary';
import { refused } from '../inspect/model';

const folder = temporaryFolder();
const at = (name: string): string => path.join(folder, name);
const count = 500;
const drawn = stream(3, 'table').normal(4 * count);
/** A heavy tail, two bounds that many values are near to, a column without, and hours around midnight. */
const values = Array.from({ length: count }, (_, i) => {
  const [a, b, c, d] = drawn.subarray(4 * i, 4 * i + 4) as unknown as [number, number, number, number];
  return [Math.exp(9 + 2 * a), 120 / (1 + Math.exp(-2 * b - a)), a + c, (24 + 2 * d) % 24];
});
const config = {
  data: { source: 'table.csv', transforms: { income: 'log', age: 'logit:0:120', hour: 'circular:0:24' } },
  model: { kind: 'vector', dim: 4, couplings: 2, hidden: [8] },
  training: { steps: 20, batch: 32, validateEvery: 10, checkpointEvery: 100, sampleEvery: 100 },
};

let backend: Backend;
let model: Model;
before(async () => {
  backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
  await writeFile(at('table.csv'), ['income,age,c,hour', ...values.map((row) => row.join())].join('\n'));
  await writeFile(at('run.flow.json'), JSON.stringify(config));
  await train({ config: at('run.flow.json'), output: at('run') }, { backend });
  model = await openModel(runPaths(at('run')).last, backend);
});
after(() => model.dispose());

describe('a flow of columns with bounds', () => {
  it('has no sample outside of 10,000, also where latents are far out', async () => {
    for (const temperature of [1, 20]) {
      const { data } = (await sample(model.flow!.runner, { count: 10_000, seed: 1, temperature })).x;
      let outside = 0;
      for (let i = 0; i < data.length; i += 4) {
        const [income, age, , hour] = data.subarray(i, i + 4);
        if (!(income! > 0 && age! > 0 && age! < 120 && hour! >= 0 && hour! < 24)) outside++;
      }
      assert.equal(outside, 0);
    }
  });

  it('scores in data units: the parts of ln p are those of the change of variables, and add up', async () => {
    const { runner, header } = model.flow!;
    const rows = values.slice(0, 20);
    const out = await runner.forward(Float32Array.from(rows.flat()), 20, 'data');
    const { std, transforms } = header.standardize!;
    const cut = Number(transforms![3]!.split(':')[3]);
    rows.forEach(([income, age, , hour], i) => {
      const turned = (hour! - cut + 48) % 24;
      const slopes =
        -Math.log(income!) +
        (Math.log(120) - Math.log(age!) - Math.log(120 - age!)) +
        (Math.log(24) - Math.log(turned) - Math.log(24 - turned));
      const expected = std.reduce((sum, deviation) => sum - Math.log(deviation), slopes);
      assert.ok(Math.abs(out.preprocessing[i]! - expected) < 1e-4);
    });
    const [outside] = (await runner.forward(Float32Array.of(-1, 30, 0, 5), 1, 'data')).preprocessing;
    assert.equal(outside, -Infinity);
  });

  it('goes on after an interruption as if there had been none', async () => {
    await train({ config: at('run.flow.json'), output: at('parts'), maxSteps: 9 }, { backend });
    await train({ output: at('parts'), resume: true, maxSteps: 20 }, { backend });
    const [whole, parts] = await Promise.all(
      ['run', 'parts'].map((name) => loadAnyCheckpoint(runPaths(at(name)).last)),
    );
    assert.deepEqual(parts!.standardize, whole!.standardize);
    assert.match(parts!.standardize!.transforms!.join(), /^log,logit:0:120,,circular:0:24:1[0-4]/);
    assert.deepEqual(parts!.tensors, whole!.tensors);
  });

  it('exports files that take and give data units, and are opened with the same parts', async () => {
    const { files, maxAbs } = await exportOnnx(model, at('onnx'));
    assert.ok(maxAbs < 1e-3);
    const opened = await openOnnxFlow(files.find(({ kind }) => kind === 'forward')!.path, 1);
    try {
      const x = Float32Array.from([...values.slice(0, 5), [-1, 30, 0, 5]].flat());
      const [found, expected] = await Promise.all(
        [model.flow!.runner, opened.runner].map((runner) => runner.forward(x, 6, 'data')),
      );
      for (const part of ['z', 'prior', 'preprocessing', 'logDet'] as const) {
        found![part].forEach((value, i) => {
          if (part === 'logDet' && i === 5) return;
          const same =
            value === expected![part][i] ||
            Math.abs(value - expected![part][i]!) < 1e-4 * (1 + Math.abs(value));
          assert.ok(same, `${part}: ${value}, ${expected![part][i]}`);
        });
      }
    } finally {
      await opened.dispose();
    }
  });

  it('keeps its maps in a run that starts from it, and takes no others', async () => {
    const from = runPaths(at('run')).last;
    await train({ from, output: at('from'), maxSteps: 2 }, { backend });
    const { config: stored, standardize } = await loadAnyCheckpoint(runPaths(at('from')).last);
    assert.deepEqual(stored.data!.transforms, config.data.transforms);
    assert.deepEqual(standardize!.transforms, model.flow!.header.standardize!.transforms);
    await assert.rejects(
      train(
        { from, data: at('table.csv'), reading: { transforms: { c: 'log:-9' } }, output: at('other') },
        { backend },
      ),
      refused(
        /data\.transforms .*expected \{"income":"log","age":"logit:0:120","hour":"circular:0:24"\}, as in .*got \{"c":"log:-9"\}/,
      ),
    );
  });
});
