/** The supervisor of engine processes, tried on a real child that speaks the protocol and can be told to die. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { UserError } from '../../../src/base/user-error';
import { EngineGoneError, EngineProcess } from '../../../src/extension/engine/engine-process';
import { SharedEngine } from '../../../src/extension/engine/shared-engine';
import { CancelledError } from '../../../src/protocol/wire';

const script = path.resolve('test', 'fixtures', 'extension', 'child-engine.cjs');

function start(log: string[] = [], env: Record<string, string> = {}): EngineProcess {
  return new EngineProcess({
    script,
    env,
    name: 'test',
    events: { log: (line) => void log.push(`event ${line}`) },
    log: (line) => log.push(line),
  });
}

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('an engine process', () => {
  it('answers calls, with typed arrays and its environment', async () => {
    const log: string[] = [];
    const engine = start(log, { FLOWSCOPE_THREADS: '3' });
    const answer = (await engine.api.ask('m', 'samples', { count: 2, seed: 1, temperature: 1 }, 't')) as {
      values: { data: Float32Array };
    };
    assert.deepEqual(answer.values.data, Float32Array.of(1, NaN));
    assert.equal((await engine.api.info()).backend.threads, 3);
    assert.ok(log.some((line) => line === 'event asked samples'));
    await engine.stop();
    assert.ok(log.includes('test: written to standard output'), log.join('\n'));
  });

  it('hands on errors as what they were', async () => {
    const engine = start();
    await assert.rejects(
      engine.api.open('missing'),
      (error) => error instanceof UserError && /missing/.test(error.message),
    );
    await assert.rejects(
      engine.api.open('fault'),
      (error) => error instanceof Error && !(error instanceof UserError),
    );
    await engine.stop();
  });

  it('cancels a call and keeps answering', async () => {
    const engine = start();
    const training = engine.api.train({ output: 'x' }, 'token');
    const rejected = assert.rejects(training, CancelledError);
    await engine.api.cancel('token');
    await rejected;
    assert.ok(await engine.api.info());
    await engine.stop();
  });

  it('fails what was asked when it dies, and says how it died', async () => {
    const log: string[] = [];
    const engine = start(log);
    const waiting = engine.api.train({ output: 'x' }, 'token');
    process.kill(engine.pid!, 'SIGKILL');
    await assert.rejects(
      waiting,
      (error) => error instanceof EngineGoneError && /SIGKILL/.test(error.message),
    );
    const { expected } = await engine.ended;
    assert.equal(expected, false);
    assert.equal(engine.running, false);
    await assert.rejects(engine.api.info());
  });

  it('says so where it cannot start', async () => {
    const log: string[] = [];
    const engine = new EngineProcess({
      script: 'no-such-file.cjs',
      env: {},
      name: 'test',
      events: {},
      log: (line) => log.push(line),
    });
    await assert.rejects(engine.api.info(), /engine process ended with code 1/);
  });

  it('lets the child leave by itself when stopped', async () => {
    const log: string[] = [];
    const engine = start(log);
    await engine.api.info();
    const pid = engine.pid!;
    await engine.stop();
    assert.equal(isAlive(pid), false);
    assert.deepEqual(await engine.ended, { expected: true, description: 'ended with code 0' });
  });

  it('does not hand on NODE_OPTIONS, which would load a debugger into it', async () => {
    process.env.NODE_OPTIONS = '--max-old-space-size=4096';
    const engine = start();
    delete process.env.NODE_OPTIONS;
    const { doctor } = await engine.api.info();
    assert.equal(doctor.find((line) => line.name === 'NODE_OPTIONS')?.value, '');
    await engine.stop();
  });
});

describe('the shared engine', () => {
  it('starts with the first question and ends a while after the last user', async () => {
    let started = 0;
    const shared = new SharedEngine(() => (started++, start()), 100);
    const first = shared.acquire();
    assert.equal(started, 0, 'nothing runs before it is needed');
    const engine = first.engine();
    await engine.api.info();
    const second = shared.acquire();
    assert.equal(second.engine(), engine);
    first.dispose();
    first.dispose();
    await pause(200);
    assert.ok(engine.running, 'the second user still has it');
    second.dispose();
    const third = shared.acquire();
    await pause(200);
    assert.ok(engine.running, 'a user came within the time of grace');
    third.dispose();
    await engine.ended;
    assert.equal(started, 1);
    assert.equal(shared.pid, undefined);
  });

  it('starts another after a crash', async () => {
    const shared = new SharedEngine(() => start(), 50);
    const lease = shared.acquire();
    const engine = lease.engine();
    await engine.api.info();
    engine.kill();
    await engine.ended;
    const next = lease.engine();
    assert.notEqual(next, engine);
    assert.ok(await next.api.info());
    lease.dispose();
    await next.ended;
  });

  it('refuses a lease that was given back', () => {
    const shared = new SharedEngine(() => start(), 50);
    const lease = shared.acquire();
    lease.dispose();
    assert.throws(() => lease.engine());
  });
});
