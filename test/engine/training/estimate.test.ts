/** The time that a training is said to take is that which it takes. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, it } from 'node:test';
import type { Backend } from '../../../src/engine/backends/backend';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { estimateTraining, paceOf } from '../../../src/engine/training/estimate';
import { train } from '../../../src/engine/training/train';
import { put, temporaryFolder } from '../../unit/support/temporary';

const folder = temporaryFolder();
let backend: Backend;
before(async () => void (backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' })));
after(() => backend.dispose());

const rows = Array.from({ length: 400 }, (_, i) => [Math.sin(i), Math.cos(i * i), i % 7, 'ab'[i % 2]].join());

it('is close to the real time, and follows the choice of columns', async () => {
  const data = put(folder, 'rows.csv', `a,b,c,kind\n${rows.join('\n')}\n`);
  const request = { data, preset: 'tabular', context: { labelColumn: 'kind' } };
  const { steps, secondsPerStep, secondsBetween, parameters } = await estimateTraining(request, { backend });
  // 200 passes over 320 rows come to 200 steps of 256.
  assert.equal(steps, 200);
  const output = path.join(folder, 'run');
  let [first, last] = [0, 0];
  const result = await train(
    { ...request, output, training: { patience: 0 } },
    {
      backend,
      onProgress: ({ phase, step }) => {
        if (phase !== 'training' || step === 0) return;
        first ||= performance.now();
        last = performance.now();
      },
    },
  );
  assert.equal(result.status, 'finished');
  const estimate = steps * (secondsPerStep + secondsBetween);
  const took = (last - first) / 1000;
  // Another process may take the processor in one of the two: of the order of, not more.
  assert.ok(estimate > took / 5 && estimate < took * 5, `said ${estimate} s, took ${took} s`);
  assert.ok(parameters > 10_000);
  const conditional = await estimateTraining(
    { ...request, context: { columns: ['c'], labelColumn: 'kind' } },
    { backend },
  );
  assert.notEqual(conditional.parameters, parameters);
});

it('refuses what the training would refuse', async () => {
  const data = put(folder, 'text.csv', `a,kind\n${rows.map((_, i) => `${i},x${i}`).join('\n')}\n`);
  await assert.rejects(estimateTraining({ data, preset: 'tabular' }, { backend }), /kind/);
});

it('is not that of the steps during which something else had the processor', async () => {
  const waits = [400, 400, 20, 300, 20, 20, 20, 20, 300, 20, 20];
  const steps = async (at: number) => {
    await new Promise((resolve) => setTimeout(resolve, waits[at - 1] ?? 20));
    return [];
  };
  const pace = await paceOf({ steps, stepsAhead: 1 });
  assert.ok(pace >= 0.015 && pace < 0.05, `${pace} s`);
});
