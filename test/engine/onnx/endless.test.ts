/** A graph that never ends holds the thread that runs it: what still ends its process. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { put, temporaryFolder } from '../../unit/support/temporary';
import { start } from '../cli/flowscope';
import { moonsModel, smallModel } from '../inspect/model';
import { inspectionEngines, named } from '../rooms';
import { endlessModel } from './endless';

const file = put(temporaryFolder(), 'endless.onnx', endlessModel());

/**
 * Forks an engine as the extension host does, has it open the file, and asks it something each 200 ms. Says so, with the engine's number, once
 * nothing has come back for a second. The engine holds this process's standard output open for as long as it is there.
 */
const host = `
const [engine, file] = process.argv.slice(1);
const child = require('node:child_process').fork(engine, ['engine'], {
  serialization: 'advanced',
  stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
});
const call = (i, m, ...a) => child.send({ t: 'q', i, m, a });
let heard = Infinity;
child.on('message', ({ i, e }) => {
  if (i === 'open') throw new Error('opened: ' + JSON.stringify(e));
  if (i === 'first') call('open', 'open', file);
  heard = performance.now();
});
call('first', 'cancel', 'nothing');
setInterval(() => {
  call('again', 'cancel', 'nothing');
  if (performance.now() - heard > 1000) console.log('blocked ' + child.pid);
}, 200);
`;

test(
  'an engine in a graph without end goes with the process that started it',
  { timeout: 60_000 },
  async () => {
    const parent = spawn(process.execPath, ['-e', host, path.resolve('dist', 'cli.js'), file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(/^blocked (\d+)/.exec(line.toString())?.[1]);
    assert.ok(pid > 0, line.toString());
    const ended = once(parent, 'close').then(() => true);
    const killed = performance.now();
    parent.kill('SIGKILL');
    const gone = await Promise.race([ended, pause(8000, false)]);
    const seconds = (performance.now() - killed) / 1000;
    if (!gone) process.kill(pid, 'SIGKILL');
    assert.ok(gone && seconds < 5, `the engine was there for ${seconds.toFixed(1)} s more`);
  },
);

test('Ctrl-C ends the command line in a graph without end', { timeout: 60_000 }, async () => {
  const { child, ended } = start(['diagnose', file]);
  await pause(5000);
  assert.equal(child.exitCode, null, 'the graph ended');
  const begin = performance.now();
  child.kill('SIGINT');
  const end = await Promise.race([ended, pause(10_000)]);
  child.kill('SIGKILL');
  assert.ok(end, 'the process went on');
  assert.ok(performance.now() - begin < 5000);
  assert.equal(end.signal ?? end.code, 'SIGINT');
});

/** Two leases: of an inspector of a flow of ours, which is open, and of one of the endless file. */
async function twoInspectors(onSilent: (file?: { path: string }) => void = () => undefined) {
  const engines = inspectionEngines({ onSilent });
  const moons = await smallModel(moonsModel, 'moons');
  const [model, endless] = [moons.file, file].map((name) => engines.of(named(name)).acquire());
  const { api } = model!.engine();
  const { id } = await api.open(moons.file);
  let questions = 0;
  /** Milliseconds that the inspector of our flow takes to answer. */
  const answers = async (): Promise<number> => {
    const begin = performance.now();
    await within(5000, api.ask(id, 'summary', undefined, `ask-${questions++}`));
    return performance.now() - begin;
  };
  const close = async (): Promise<void> => {
    await engines.dispose();
    await moons.dispose();
  };
  return { engines, endless: endless!, answers, close };
}

test(
  'inspectors of other files go on, and closing the file ends its engine',
  { timeout: 60_000 },
  async () => {
    const { endless, answers, close } = await twoInspectors();
    const stuck = endless.engine();
    const opening = assert.rejects(stuck.api.open(file), /was stopped/);
    await Promise.race([pause(4000), stuck.ended]);
    assert.ok(stuck.running);
    assert.ok((await answers()) < 1000);
    endless.dispose();
    await within(15_000, opening);
    assert.equal(stuck.running, false);
    await answers();
    await close();
  },
);

test('VS Code leaves within five seconds', { timeout: 60_000 }, async () => {
  const { endless, close } = await twoInspectors();
  const stuck = endless.engine();
  const opening = assert.rejects(stuck.api.open(file), /was stopped/);
  await Promise.race([pause(4000), stuck.ended]);
  assert.ok(stuck.running);
  await within(5000, close());
  await opening;
  assert.throws(() => process.kill(stuck.pid!, 0), { code: 'ESRCH' });
});

test('silence is told, and the engine can be ended and started again', { timeout: 60_000 }, async (t) => {
  const reports: string[] = [];
  const { engines, endless, answers, close } = await twoInspectors((silent) =>
    reports.push(silent?.path ?? 'our own'),
  );
  const stuck = endless.engine();
  const { pid } = stuck;
  const opening = assert.rejects(stuck.api.open(file), /was stopped/);
  const waits: number[] = [];
  for (const until = performance.now() + 20_000; reports.length === 0 && performance.now() < until;) {
    waits.push(await answers());
    await pause(50);
  }
  assert.deepEqual(reports, [file]);
  const [middle, longest] = [waits.sort((a, b) => a - b)[waits.length >> 1]!, waits.at(-1)!];
  t.diagnostic(
    `${waits.length} answers of another inspector: median ${middle.toFixed()}, longest ${longest.toFixed()} ms`,
  );
  assert.ok(longest < 2000, `an answer took ${longest} ms`);
  assert.deepEqual(engines.alonePids, [pid]);
  assert.equal(engines.stop(named(file)), true);
  await within(2000, opening);
  await within(2000, stuck.ended);
  assert.throws(() => process.kill(pid!, 0), { code: 'ESRCH' });
  assert.equal(engines.stop(named(file)), false);
  assert.notEqual(endless.engine().pid, pid);
  await endless.engine().api.cancel('it answers');
  await close();
});

function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  const late = pause(milliseconds, undefined, { ref: false }).then(() => assert.fail('it takes too long'));
  return Promise.race([work, late]);
}
