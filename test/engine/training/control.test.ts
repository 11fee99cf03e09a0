/** Telling a real training what to do through its run folder. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadAnyCheckpoint } from '../../../src/checkpoint/recognize/load';
import { readRates, requestControl, writeRates } from '../../../src/checkpoint/control';
import { loadResume } from '../../../src/checkpoint/resume';
import { readMetrics, readStatus, runPaths, type RunStatus } from '../../../src/checkpoint/run-folder';
import type { RunConfigInput } from '../../../src/config/schema';
import type { Backend } from '../../../src/engine/backends/backend';
import { createTensorFlowBackend } from '../../../src/engine/backends/tensorflow';
import { train } from '../../../src/engine/training/train';
import type { TrainProgress } from '../../../src/protocol/engine';
import { temporaryFolder } from '../../unit/support/temporary';

const folder = temporaryFolder();
let backend: Backend;
before(async () => void (backend = await createTensorFlowBackend({ threads: 1, reason: 'test' })));
after(() => backend.dispose());

const moons: RunConfigInput = {
  data: { source: 'moons', count: 500, validation: 100 },
  model: { kind: 'vector', dim: 2, couplings: 3, hidden: [16] },
  training: {
    steps: 1_000_000,
    batch: 32,
    learningRate: 1e-3,
    validateEvery: 200,
    checkpointEvery: 100_000,
    sampleEvery: 1_000_000,
  },
};

async function configFile(name: string, config: RunConfigInput): Promise<string> {
  const file = path.join(folder, `${name}.flow.json`);
  await writeFile(file, JSON.stringify(config));
  return file;
}

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (let waited = 0; waited < 30_000; waited += 50) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(50);
  }
  throw new Error(`30 s have passed without ${what}`);
}

describe('a training that is told what to do', () => {
  it('pauses, takes another learning rate, goes on and stops', async () => {
    const output = path.join(folder, 'told');
    const paths = runPaths(output);
    const seen: TrainProgress[] = [];
    const logged: string[] = [];
    const done = train(
      { config: await configFile('told', moons), output },
      { backend, onProgress: (p) => seen.push(p), log: (line) => logged.push(line) },
    );
    const heard = async (id: string): Promise<RunStatus> =>
      until(`an answer to ${id}`, async () => {
        const status = await readStatus(paths);
        return status?.control?.id === id ? status : undefined;
      });
    await until('a first step', async () => seen.find(({ step }) => step > 0));

    const pause = await requestControl(output, { action: 'pause' });
    await heard(pause.id);
    const paused = await until('a pause', async () => {
      const status = await readStatus(paths);
      return status?.status === 'paused' ? status : undefined;
    });
    await until('its report', async () => seen.find(({ phase }) => phase === 'paused'));
    const rows = (await readMetrics(paths)).length;
    await sleep(700);
    assert.equal((await readStatus(paths))!.step, paused.step);
    assert.equal((await readMetrics(paths)).length, rows);
    assert.equal(seen.at(-1)!.step, paused.step);
    // Should the machine be turned off now, everything is there to go on from.
    assert.equal((await loadResume(paths.resume)).step, paused.step);

    const rate = await requestControl(output, { learningRate: 2e-4 });
    assert.equal((await heard(rate.id)).status, 'paused');
    assert.deepEqual(await readRates(output), [{ step: paused.step + 1, learningRate: 2e-4 }]);

    await writeFile(path.join(output, 'control.json'), JSON.stringify({ id: 'by hand', learningRate: -1 }));
    assert.match((await heard('by hand')).control!.problem!, /learningRate is -1: expected more than 0/);
    assert.ok(logged.some((line) => line.includes('learningRate is -1')));

    await heard((await requestControl(output, { action: 'resume' })).id);
    const changed = await until('a line with the new rate', async () =>
      (await readMetrics(paths)).find(({ step }) => step > paused.step),
    );
    // The very first step after the pause has a line, and the new rate.
    assert.equal(changed.step, paused.step + 1);
    assert.equal(changed.learningRate, 2e-4);
    for (const row of (await readMetrics(paths)).filter(({ step }) => step <= paused.step))
      assert.equal(row.learningRate, 1e-3);

    await requestControl(output, { action: 'stop' });
    const result = await done;
    assert.equal(result.status, 'stopped');
    assert.equal(result.message, `Stopped at step ${result.step}.`);
    assert.ok(result.step > paused.step);
    assert.equal((await loadAnyCheckpoint(paths.last)).step, result.step);
    assert.equal((await readStatus(paths))!.status, 'stopped');
    await assert.rejects(
      requestControl(output, { action: 'pause' }),
      /is not being trained \(it is stopped\)/,
    );

    // What was asked of the run before is not asked of the one that goes on.
    assert.match(await readFile(path.join(output, 'control.json'), 'utf8'), /stop/);
    const again = await train({ output, resume: true, maxSteps: result.step + 20 }, { backend });
    assert.equal(again.step, result.step + 20);
    assert.equal((await readMetrics(paths)).at(-1)!.learningRate, 2e-4);
  });

  it('reports the loss of its first step, though the first line of metrics comes much later', async () => {
    const output = path.join(folder, 'slow');
    const slow = { ...moons, training: { ...moons.training, validateEvery: 100_000 } };
    const seen: TrainProgress[] = [];
    await train(
      { config: await configFile('slow', slow), output, maxSteps: 3 },
      { backend, onProgress: (p) => seen.push(p) },
    );
    const { step, trainNats } = seen.find(({ phase }) => phase === 'training')!.metrics!;
    assert.equal(step, 1);
    assert.ok(Number.isFinite(trainNats));
    assert.deepEqual(
      (await readMetrics(runPaths(output))).map((row) => row.step),
      [3],
    );
  });

  it('goes on exactly after an interruption before the step at which the rate was changed', async () => {
    const config: RunConfigInput = {
      ...moons,
      training: {
        ...moons.training,
        steps: 60,
        learningRate: 5e-3,
        schedule: 'cosine',
        warmupSteps: 5,
        checkpointEvery: 10,
        validateEvery: 10,
      },
    };
    const rates = [{ step: 31, learningRate: 1e-3 }];
    const ends = [];
    for (const [name, stops] of [
      ['whole', []],
      ['parts', [25, 40]],
    ] as const) {
      const output = path.join(folder, name);
      await train({ config: await configFile(name, config), output, maxSteps: 20 }, { backend });
      await writeRates(output, rates);
      for (const maxSteps of stops) await train({ output, resume: true, maxSteps }, { backend });
      const end = await train({ output, resume: true }, { backend });
      assert.equal(end.status, 'finished');
      ends.push({
        state: await loadResume(runPaths(output).resume),
        rows: await readMetrics(runPaths(output)),
      });
    }
    const [whole, parts] = ends as [(typeof ends)[0], (typeof ends)[0]];
    for (const [name, { data }] of Object.entries(whole.state.tensors))
      data.forEach((value, i) =>
        assert.ok(Math.abs(value - parts.state.tensors[name]!.data[i]!) <= 1e-6, `${name}[${i}]`),
      );
    // Half a cosine over 55 steps, scaled so that step 31 has what was asked for.
    const half = (step: number): number => 0.5 * (1 + Math.cos((Math.PI * (step - 5)) / 55));
    for (const { rows } of ends) {
      assert.equal(rows.find(({ step }) => step === 31)!.learningRate, 1e-3);
      const at50 = rows.find(({ step }) => step === 50)!.learningRate!;
      assert.ok(Math.abs(at50 - (1e-3 * half(50)) / half(31)) < 1e-9);
      const at30 = rows.find(({ step }) => step === 30)!.learningRate!;
      assert.ok(Math.abs(at30 - 5e-3 * half(30)) < 1e-9);
    }
  });
});
