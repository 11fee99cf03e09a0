/** What is left of a run whose training, picture or resume fails. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { loadResume } from '../../../src/checkpoint/resume';
import { appendMetrics, readMetrics, readStatus, runPaths } from '../../../src/checkpoint/run-folder';
import type { Backend, StatefulProgram } from '../../../src/engine/backends/backend';
import { createTensorFlowBackend } from '../../../src/engine/backends/tensorflow';
import { train } from '../../../src/engine/training/train';
import type { TrainProgress } from '../../../src/protocol/engine';
import { put, temporaryFolder } from '../../unit/support/temporary';

const folder = temporaryFolder();
const config = put(
  folder,
  'moons.flow.json',
  JSON.stringify({
    data: { source: 'moons', count: 500, validation: 100 },
    model: { kind: 'vector', dim: 2, couplings: 2, hidden: [8] },
    training: { steps: 40, batch: 32, validateEvery: 10, checkpointEvery: 15, sampleEvery: 20 },
  }),
);

let backend: Backend;
before(async () => {
  backend = await createTensorFlowBackend({ threads: 1, reason: 'test' });
});
after(() => backend.dispose());

/** The same backend, but for what some calls of a program do. */
function altered(change: (run: StatefulProgram['run']) => StatefulProgram['run']): Backend {
  return {
    ...backend,
    async compileStateful(options) {
      const program = await backend.compileStateful!(options);
      return {
        run: change((name, feeds) => program.run(name, feeds)),
        get: (names) => program.get(names),
        set: (values) => program.set(values),
        dispose: () => program.dispose(),
      };
    },
  };
}

/** Does something once, in the middle of the training. */
function after12(work: () => void): (progress: TrainProgress) => void {
  let done = false;
  return ({ step, phase }) => {
    if (done || step < 12 || phase !== 'training') return;
    done = true;
    work();
  };
}

const withoutLock = (run: string): boolean => !readdirSync(run).includes('train.lock');

test('a picture that cannot be written costs the picture', async () => {
  const output = path.join(folder, 'picture');
  const logged: string[] = [];
  const onProgress = after12(() => {
    rmSync(runPaths(output).samples, { recursive: true });
    writeFileSync(runPaths(output).samples, '');
  });
  const result = await train({ config, output }, { backend, onProgress, log: (line) => logged.push(line) });
  assert.equal(result.status, 'finished');
  assert.deepEqual(
    logged
      .filter((line) => line.includes('picture'))
      .map((line) => /at step (\d+) was left out/.exec(line)?.[1]),
    ['20', '40'],
  );
});

test('a fault of the backend leaves its reason and what was learned, and the run goes on from there', async () => {
  const output = path.join(folder, 'fault');
  let steps = 0;
  const broken = altered((run) => async (name, feeds) => {
    if (name === 'step' && ++steps > 24) throw new Error('out of memory');
    return run(name, feeds);
  });
  await assert.rejects(train({ config, output }, { backend: broken }), /out of memory/);
  const status = await readStatus(runPaths(output));
  assert.equal(status?.status, 'failed');
  assert.equal(status.message, 'out of memory');
  assert.equal((await loadResume(runPaths(output).resume)).step, 24);
  assert.ok(withoutLock(output));

  const whole = path.join(folder, 'whole');
  await train({ config, output: whole }, { backend });
  await train({ output, resume: true }, { backend });
  const [a, b] = [await loadResume(runPaths(output).resume), await loadResume(runPaths(whole).resume)];
  for (const [name, { data }] of Object.entries(a.tensors))
    data.forEach((value, i) => assert.ok(Math.abs(value - b.tensors[name]!.data[i]!) <= 1e-6, name));
});

test('a run says why it failed also where its checkpoints cannot be written', async () => {
  const output = path.join(folder, 'unwritable');
  const { checkpoints } = runPaths(output);
  const onProgress = after12(() => {
    renameSync(checkpoints, `${checkpoints}-away`);
    writeFileSync(checkpoints, '');
  });
  await assert.rejects(train({ config, output }, { backend, onProgress }), /cannot be written/);
  const status = await readStatus(runPaths(output));
  assert.equal(status?.status, 'failed');
  assert.match(status.message!, /cannot be written/);
  assert.ok(withoutLock(output));
});

test('a resume that fails has changed nothing', async () => {
  const output = path.join(folder, 'unchanged');
  const paths = runPaths(output);
  await train({ config, output, maxSteps: 20 }, { backend });
  await appendMetrics(paths, { step: 25, seconds: 1, trainNats: 1 });
  writeFileSync(paths.sample(25), '');
  const tree = () => (readdirSync(output, { recursive: true }) as string[]).sort();
  const before = [tree(), readFileSync(paths.metrics, 'utf8')];
  const broken: Backend = { ...backend, compileStateful: () => Promise.reject(new Error('no such kernel')) };
  await assert.rejects(train({ output, resume: true }, { backend: broken }), /no such kernel/);
  assert.deepEqual([tree(), readFileSync(paths.metrics, 'utf8')], before);
  await train({ output, resume: true }, { backend });
  assert.ok((await readMetrics(paths)).every(({ step }) => step !== 25));
});

test('the best validation is a finite one', async () => {
  const output = path.join(folder, 'infinite');
  let validations = 0;
  const odd = altered((run) => async (name, feeds) => {
    const out = await run(name, feeds);
    if (name !== 'validate' || ++validations !== 2) return out;
    return { ...out, prior: { shape: out.prior!.shape, data: out.prior!.data.map(() => Infinity) } };
  });
  const { best } = await train({ config, output }, { backend: odd });
  assert.ok(best && Number.isFinite(best.nats) && best.step !== 20, JSON.stringify(best));
  assert.deepEqual((await readStatus(runPaths(output)))?.best, best);
});

test('a trainer whose run was taken over writes nothing more', async () => {
  const output = path.join(folder, 'taken');
  const paths = runPaths(output);
  let rows = '';
  const onProgress = after12(() => {
    const lock = path.join(output, 'train.lock');
    const mine = JSON.parse(readFileSync(lock, 'utf8')) as object;
    writeFileSync(
      lock,
      JSON.stringify({ ...mine, id: '3b241101-e2bb-4255-8caf-4136c566a962', host: 'far-away' }),
    );
    rows = readFileSync(paths.metrics, 'utf8');
  });
  await assert.rejects(
    train({ config, output }, { backend, onProgress }),
    /was taken over by process \d+ on far-away/,
  );
  assert.equal(readFileSync(paths.metrics, 'utf8'), rows);
  assert.equal((await readStatus(paths))?.status, 'running');
  assert.ok(!withoutLock(output), 'the lock of the other is left');
});
