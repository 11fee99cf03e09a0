/** Timing of presets, on a real child that can hold its thread. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { EngineProcess } from '../../../src/extension/engine/engine-process';
import { InspectionEngines } from '../../../src/extension/engine/inspection-engines';
import { PresetTimer } from '../../../src/extension/preview/preset-timer';
import { CancelledError } from '../../../src/protocol/wire';

const silent: string[] = [];
const engines = new InspectionEngines(
  ({ name, env }) =>
    new EngineProcess({
      script: path.resolve('test', 'fixtures', 'extension', 'child-engine.cjs'),
      env,
      name,
      events: {},
      log: () => undefined,
    }),
  (file) => void silent.push(file?.path ?? 'our own'),
  50,
);
after(() => engines.dispose());

const never = new AbortController().signal;

it('is stopped at once where a preset never ends, and goes on with the next', async () => {
  const engine = engines.forTiming('/data/a.csv');
  const timer = new PresetTimer(engine);
  const lease = engine.acquire();
  const { steps: first } = await timer.time({ preset: 'quick' }, never);
  const endless = new AbortController();
  const stopped = assert.rejects(timer.time({ preset: 'endless' }, endless.signal), /was stopped/);
  const unwanted = new AbortController();
  const waiting = assert.rejects(timer.time({ preset: 'quick' }, unwanted.signal), { name: 'AbortError' });
  const next = timer.time({ preset: 'quick' }, never);
  // Longer than silence is watched for elsewhere.
  await pause(6500);
  assert.deepEqual(silent, []);
  const began = performance.now();
  unwanted.abort();
  endless.abort();
  await Promise.all([stopped, waiting]);
  assert.notEqual((await next).steps, first, 'another process answers');
  const took = performance.now() - began;
  assert.ok(took < 5000, `${took} ms`);
  lease.dispose();
});

it('keeps its engine where a preset can be stopped', async () => {
  const engine = engines.forTiming('/data/b.csv');
  const timer = new PresetTimer(engine);
  const lease = engine.acquire();
  const { steps: first } = await timer.time({ preset: 'quick' }, never);
  const slow = new AbortController();
  const stopped = assert.rejects(timer.time({ preset: 'slow' }, slow.signal), CancelledError);
  await pause(50);
  slow.abort();
  await stopped;
  await pause(500);
  assert.equal((await timer.time({ preset: 'quick' }, never)).steps, first);
  lease.dispose();
});
