/** A run that starts from a checkpoint: its model, its standardization, and what it already reached. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { loadAnyCheckpoint } from '../../../src/checkpoint/recognize/load';
import { readMetrics, runPaths } from '../../../src/checkpoint/run-folder';
import type { RunConfigInput } from '../../../src/config/schema';
import type { Backend } from '../../../src/engine/backends/backend';
import { createTensorFlowBackend } from '../../../src/engine/backends/tensorflow';
import { train } from '../../../src/engine/training/train';
import { temporaryFolder } from '../../unit/support/temporary';

const folder = temporaryFolder();
let backend: Backend;
before(async () => void (backend = await createTensorFlowBackend({ threads: 1, reason: 'test' })));
after(() => backend.dispose());

const at = (name: string): string => path.join(folder, name);
const training: RunConfigInput['training'] = {
  steps: 30,
  batch: 32,
  learningRate: 3e-3,
  validateEvery: 15,
  checkpointEvery: 100,
  sampleEvery: 100,
};
const moons: RunConfigInput = {
  data: { source: 'moons', count: 600, validation: 200 },
  model: { kind: 'vector', dim: 2, couplings: 3, hidden: [16], scaleMap: 'soft-clip' },
  training,
};

async function configFile(name: string, config: object): Promise<string> {
  const file = at(`${name}.json`);
  await writeFile(file, JSON.stringify(config));
  return file;
}

describe('a run that starts from a checkpoint', () => {
  let first: string;
  let reached: number;
  before(async () => {
    first = runPaths(at('first')).last;
    await train({ config: await configFile('first', moons), output: at('first') }, { backend });
    const metrics = await readMetrics(runPaths(at('first')));
    reached = metrics.at(-1)!.validationNats!;
  });

  it('begins with the score of the checkpoint, on its data, and betters it', async () => {
    const config = await configFile('on', { training });
    const result = await train({ from: first, config, output: at('on') }, { backend });
    const metrics = await readMetrics(runPaths(at('on')));
    assert.equal(metrics[0]!.step, 0);
    // The same weights, data and order of sums.
    assert.ok(Math.abs(metrics[0]!.validationNats! - reached) <= 1e-6 * Math.abs(reached));
    assert.ok(result.best!.nats < reached, `${result.best!.nats} after ${reached}`);
    const [before, after] = await Promise.all(
      [first, result.bestCheckpoint!].map((file) => loadAnyCheckpoint(file)),
    );
    assert.deepEqual(after!.config.model, before!.config.model);
    assert.deepEqual(after!.config.data, before!.config.data);
    assert.notDeepEqual(after!.tensors, before!.tensors);
  });

  it('keeps the standardization of the checkpoint on other data, also when it is resumed', async () => {
    const fitted = (await loadAnyCheckpoint(first)).standardize!;
    const config = await configFile('other', {
      data: { source: 'circles', count: 300, validation: 50 },
      training: { ...training, steps: 20 },
    });
    const request = { from: first, config, output: at('other') };
    await train({ ...request, maxSteps: 10 }, { backend });
    await train({ resume: true, output: at('other') }, { backend });
    const { standardize, step } = await loadAnyCheckpoint(runPaths(at('other')).last);
    assert.equal(step, 20);
    assert.deepEqual([standardize!.mean, standardize!.std], [fitted.mean, fitted.std]);
  });

  it('reads the columns of the checkpoint by their names from another table, unless some are chosen', async () => {
    const tableOf = async (name: string, head: string, row: (i: number) => string): Promise<string> => {
      const lines = Array.from({ length: 120 }, (_, i) => row(i));
      await writeFile(at(name), `${[head, ...lines].join('\n')}\n`);
      return at(name);
    };
    const wave = (i: number, by: number): string => Math.sin(by * i).toFixed(4);
    const config = await configFile('table', {
      data: {
        source: await tableOf(
          'a.csv',
          'mass,note,age,size,w',
          (i) => `${wave(i, 1)},n${i},${i % 7},${wave(i, 2)},1`,
        ),
        columns: ['size', 'mass'],
        contextColumns: ['age'],
        weightColumn: 'w',
        validation: 20,
      },
      model: { kind: 'vector', couplings: 2, hidden: [8] },
      training: { ...training, steps: 2, validateEvery: 1 },
    });
    await train({ config, output: at('table') }, { backend });
    const from = runPaths(at('table')).last;
    const more = { training: { steps: 1 } };
    const reordered = await tableOf(
      'b.csv',
      'age,kind,size,mass,w',
      (i) => `${i % 5},k,${wave(i, 3)},${wave(i, 4)},${1 + (i % 2)}`,
    );
    await train({ from, data: reordered, ...more, output: at('same-names') }, { backend });
    const { data } = (await loadAnyCheckpoint(runPaths(at('same-names')).last)).config;
    assert.deepEqual(
      [data!.columns, data!.contextColumns, data!.weightColumn],
      [['size', 'mass'], ['age'], 'w'],
    );
    const context = { columns: ['t'] };
    const others = await tableOf('c.csv', 'x,y,t', (i) => `${wave(i, 3)},${wave(i, 4)},${i % 5}`);
    await train({ from, data: others, context, ...more, output: at('other-names') }, { backend });
    await assert.rejects(
      train({ from, data: others, ...more, output: at('none') }, { backend }),
      /3 numbers/,
    );
  });

  it('keeps the checkpoint itself as the best when training makes it worse', async () => {
    const config = await configFile('worse', {
      training: { ...training, steps: 5, validateEvery: 5, learningRate: 1, clipNorm: 1e6 },
    });
    const result = await train({ from: first, config, output: at('worse') }, { backend });
    assert.equal(result.best!.step, 0);
    const [before, after] = await Promise.all(
      [first, result.bestCheckpoint!].map((file) => loadAnyCheckpoint(file)),
    );
    assert.deepEqual(after!.tensors, before!.tensors);
  });

  it('takes a flow of another library, which was trained on raw coordinates', async () => {
    const source = path.resolve('test', 'fixtures', 'peers', 'zuko-2d', 'state_dict.pt');
    const config = await configFile('theirs', { data: moons.data, training });
    const result = await train({ from: source, config, output: at('theirs') }, { backend });
    const metrics = await readMetrics(runPaths(at('theirs')));
    assert.ok(result.best!.nats < metrics[0]!.validationNats!);
    const { config: stored, standardize } = await loadAnyCheckpoint(result.bestCheckpoint!);
    assert.equal(standardize, undefined);
    assert.equal(stored.data!.standardize, false);
    assert.equal(stored.model.scaleMap, 'soft-clip');
  });

  it('says what does not fit, and trains nothing then', async () => {
    const refused: [Partial<Parameters<typeof train>[0]>, RegExp][] = [
      [{ data: 'digits' }, /models rows of 2 numbers, but digits contains images of 8×8×1 with 17 levels/],
      [{ preset: 'zuko' }, /conventions "zuko" define a model/],
      [
        { config: await configFile('wide', { model: { couplings: 4 } }) },
        /wide\.json: model\.couplings: expected 3, as in .*, got 4/,
      ],
      [{ from: at('missing.safetensors') }, /missing\.safetensors/],
    ];
    for (const [request, message] of refused) {
      await assert.rejects(train({ from: first, output: at('refused'), ...request }, { backend }), {
        name: 'UserError',
        message,
      });
    }
  });
});
