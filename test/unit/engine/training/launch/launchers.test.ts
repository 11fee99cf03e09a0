import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkLaunch, checkShares, launchers } from '../../../../../src/engine/training/launch/launchers';
import { findPython } from '../../../../../src/engine/training/launch/python';
import { launcherNames } from '../../../../../src/protocol/launch';

test('every launcher starts our module', () => {
  for (const name of launcherNames)
    assert.deepEqual(launchers[name].module({ name }).slice(-2), ['-m', 'flowscope.train']);
});

test('torchrun stays on this machine unless it is told where others meet it', () => {
  const alone = launchers.torchrun.module({ name: 'torchrun', processes: 3 });
  assert.ok(alone.includes('--standalone') && alone.includes('--nproc-per-node=3'));
  const several = { name: 'torchrun', processes: 3, nodes: 2, rendezvous: 'lab-1:29400' } as const;
  const args = launchers.torchrun.module(several);
  for (const wanted of ['--nnodes=2', '--node-rank=0', '--master-addr=lab-1', '--master-port=29400'])
    assert.ok(args.includes(wanted), wanted);
  assert.equal(launchers.torchrun.processes(several), 6);
});

test('options that do not go together are refused', () => {
  assert.throws(() => checkLaunch({ name: 'torch', processes: 2 }), /only be used with --launcher torchrun/);
  assert.throws(() => checkLaunch({ name: 'torchrun', nodes: 2 }), /only be used together/);
  assert.throws(() => checkLaunch({ name: 'torchrun', rendezvous: 'a:1' }), /only be used together/);
  assert.throws(() => checkLaunch({ name: 'torchrun', nodes: 2, rendezvous: 'lab-1' }), /expected HOST:PORT/);
  assert.throws(() => checkShares({ name: 'torchrun', processes: 9 }, 8), /more than the 8 examples/);
  checkLaunch({ name: 'torchrun', processes: 2, nodes: 2, rendezvous: '10.0.0.1:29400' });
});

test('a Python that is not there is named', async () => {
  await assert.rejects(
    findPython({ ...process.env, FLOWSCOPE_PYTHON: '/no/such/python' }),
    /needs Python, and \/no\/such\/python cannot be run/,
  );
});
