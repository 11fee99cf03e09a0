/** Files of other software: each in a process of its own, which may take so much memory. */
import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../unit/support/temporary';
import { moonsModel, smallModel } from './inspect/model';
import { until } from '../inspector/until';
import { inspectionEngines, named } from './rooms';

const folder = temporaryFolder();
const torch = path.resolve('test', 'fixtures', 'peers', 'nflows-2d', 'state_dict.pt');

/** Tensors of nothing, nearly as many as are read: each is some objects. */
function manyTensors(name: string, count: number): string {
  const entry = '{"dtype":"F32","shape":[0],"data_offsets":[0,0]}';
  const header = Buffer.from(
    `{${Array.from({ length: count }, (_, i) => `"layers.${i}.weight":${entry}`).join(',')}}`,
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const file = path.join(folder, name);
  writeFileSync(file, Buffer.concat([length, header]));
  return file;
}

for (const [what, limits] of [
  ['objects', { objects: 40, share: 1 }],
  ['all that it takes', { objects: 2048, share: 1e-4 }],
] as const) {
  test(
    `a file that needs too much memory ends its engine alone (${what})`,
    { timeout: 120_000 },
    async () => {
      const engines = inspectionEngines({ limits });
      const moons = await smallModel(moonsModel, 'moons');
      try {
        const engine = engines.of(named(moons.file)).acquire().engine();
        const { id } = await engine.api.open(moons.file);
        const file = manyTensors('many.safetensors', 99_000);
        const lease = engines.of(named(file)).acquire();
        const first = lease.engine();
        await assert.rejects(first.api.open(file), {
          name: 'EngineGoneError',
          message: /was ended because it needed more memory than it may take\. Try again/,
        });
        assert.equal(first.running, false);
        assert.equal(engine.running, true);
        await engine.api.ask(id, 'summary', undefined, 'it goes on');
        // Another try has another engine.
        assert.notEqual(lease.engine().pid, first.pid);
      } finally {
        await engines.dispose();
        await moons.dispose();
      }
    },
  );
}

test('the engine of our own files opens no other, whatever it is called', { timeout: 60_000 }, async () => {
  const disguised = path.join(folder, 'moons.flow.safetensors');
  copyFileSync(torch, disguised);
  const engines = inspectionEngines();
  try {
    const shared = engines.of(named(disguised));
    assert.equal(shared, engines);
    const { api } = shared.acquire().engine();
    const refused = { name: 'UserError', message: /is named like a file of Flowscope, but was not written/ };
    await assert.rejects(api.open(disguised), refused);
    await assert.rejects(api.summarizeCheckpoint(disguised, 'a'), refused);
    await assert.rejects(
      api.scoreFile({ model: disguised, draws: 1, seed: 0, leastLikely: 1 }, 'b'),
      refused,
    );
    await assert.rejects(api.convert(disguised, 'flowscope', path.join(folder, 'out'), 'c'), refused);

    const alone = engines.of(named(torch));
    assert.notEqual(alone, engines);
    assert.equal(engines.of(named(torch)), alone);
    assert.equal((await alone.acquire().engine().api.open(torch)).path, torch);
    assert.equal(engines.alonePids.length, 1);
  } finally {
    await engines.dispose();
  }
});

test(
  'a checkpoint of ours that needs too much memory ends its engine, and the others open again',
  { timeout: 120_000 },
  async () => {
    const engines = inspectionEngines({ ownLimits: { objects: 40, share: 1 } });
    const moons = await smallModel(moonsModel, 'moons');
    try {
      const lease = engines.of(named(moons.file)).acquire();
      const first = lease.engine();
      await first.api.open(moons.file);
      const file = manyTensors('many.flow.safetensors', 99_000);
      await assert.rejects(engines.of(named(file)).acquire().engine().api.open(file), {
        name: 'EngineGoneError',
        message: /needed more memory than it may take/,
      });
      assert.notEqual(lease.engine().pid, first.pid);
      assert.equal((await lease.engine().api.open(moons.file)).path, moons.file);
    } finally {
      await engines.dispose();
      await moons.dispose();
    }
  },
);

test(
  'silence of the engine of our own files is told, and stopping one of them starts another',
  { timeout: 120_000, skip: process.platform === 'win32' },
  async () => {
    const reports: unknown[] = [];
    const engines = inspectionEngines({ onSilent: (file) => reports.push(file) });
    const moons = await smallModel(moonsModel, 'moons');
    try {
      const lease = engines.of(named(moons.file)).acquire();
      const stuck = lease.engine();
      const { id } = await stuck.api.open(moons.file);
      // As if a file held its thread.
      process.kill(stuck.pid!, 'SIGSTOP');
      const refusal = assert.rejects(stuck.api.ask(id, 'summary', undefined, 'a'), /was stopped/);
      await until('silence is told', () => reports.length > 0);
      assert.deepEqual(reports, [undefined]);
      assert.equal(engines.stop(named(moons.file)), true);
      await refusal;
      assert.notEqual(lease.engine().pid, stuck.pid);
      assert.equal((await lease.engine().api.open(moons.file)).path, moons.file);
    } finally {
      await engines.dispose();
      await moons.dispose();
    }
  },
);
