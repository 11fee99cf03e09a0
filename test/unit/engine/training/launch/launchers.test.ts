import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkLaunch, checkShares, launchers } from '../../../../../src/engine/training/launch/launchers';
import { findPython, rayOf } from '../../../../../src/engine/training/launch/python';
import { launcherNames } from '../../../../../src/protocol/engine';

test('every launcher starts our module', () => {
  for (const name of launcherNames)
    assert.match(
      launchers[name].module({ name }).join(' '),
      /(^| )-m flowscope\.train(_processes|_ray)?( |$)/,
    );
});

test('torchrun opens no port unless it is told where other machines meet it', () => {
  const alone = launchers.torchrun.module({ name: 'torchrun', processes: 3 });
  assert.deepEqual(alone, ['-m', 'flowscope.train_processes', '--processes=3', '--max-restarts=10']);
  const several = { name: 'torchrun', processes: 3, nodes: 2, rendezvous: 'lab-1:29400' } as const;
  const args = launchers.torchrun.module(several);
  for (const option of ['--nnodes=2', '--node-rank=0', '--master-addr=lab-1', '--master-port=29400'])
    assert.ok(args.includes(option), option);
  assert.equal(launchers.torchrun.processes(several), 6);
});

test('options that do not go together are refused', () => {
  assert.throws(
    () => checkLaunch({ name: 'torch', processes: 2 }),
    /--processes can only be used with --launcher torchrun, not torch/,
  );
  assert.throws(
    () => checkLaunch({ name: 'torchrun', workers: 2 }),
    /--workers .*--launcher ray, not torchrun/,
  );
  assert.throws(() => checkLaunch({ name: 'ray', nodes: 2 }), /--nodes .*--launcher torchrun, not ray/);
  assert.throws(() => checkLaunch({ workers: 2 }), /--workers can only be used with --launcher ray\.$/);
  assert.throws(
    () => checkLaunch({ name: 'ray', address: 'ray://lab-1:10001' }),
    /expected HOST:PORT of a Ray/,
  );
  assert.throws(() => checkShares({ name: 'ray', workers: 9 }, 8), /more than the 8 examples/);
  assert.throws(() => checkLaunch({ name: 'torchrun', nodes: 2 }), /only be used together/);
  assert.throws(() => checkLaunch({ name: 'torchrun', rendezvous: 'a:1' }), /only be used together/);
  assert.throws(() => checkLaunch({ name: 'torchrun', nodes: 2, rendezvous: 'lab-1' }), /expected HOST:PORT/);
  assert.throws(() => checkShares({ name: 'torchrun', processes: 9 }, 8), /more than the 8 examples/);
  checkLaunch({ name: 'torchrun', processes: 2, nodes: 2, rendezvous: '10.0.0.1:29400' });
  checkLaunch({ name: 'ray', workers: 2, address: 'lab-1.example:6379' });
  checkLaunch({ name: 'ray' });
});

test('Ray stays on this machine unless it is told where its cluster is', () => {
  const alone = launchers.ray.module({ name: 'ray', workers: 3, threads: 2 });
  for (const option of ['--workers=3', '--threads=2', '--max-restarts=10'])
    assert.ok(alone.includes(option), option);
  assert.ok(!alone.some((arg) => arg.startsWith('--address')));
  const joined = { name: 'ray', workers: 3, address: 'lab-1:6379' } as const;
  assert.ok(launchers.ray.module(joined).includes('--address=lab-1:6379'));
  assert.equal(launchers.ray.processes(joined), 3);
});

test('a Ray that is missing or of another version is said, with what to do', () => {
  const python = { command: '/bin/python', minor: 12, torch: '2.9.0', ray: null };
  assert.throws(() => rayOf(python), /\/bin\/python lacks\. Install with ".*pip install 'ray>=2\.53,<3'"/);
  assert.throws(
    () => rayOf({ ...python, minor: 15 }),
    /no packages for Python 3\.15\. Name a Python 3\.10 to 3\.14/,
  );
  assert.throws(() => rayOf({ ...python, ray: '2.9.3' }), /2\.53 or newer and older than 3; .* has 2\.9\.3/);
  assert.throws(() => rayOf({ ...python, ray: '3.0.0' }), /has 3\.0\.0/);
  assert.equal(launchers.ray.library({ ...python, ray: '2.60.0' }), 'PyTorch 2.9.0, Ray 2.60.0');
});

test('a Python that is not there is named', async () => {
  await assert.rejects(
    findPython({ ...process.env, FLOWSCOPE_PYTHON: '/no/such/python' }),
    /needs Python, and \/no\/such\/python cannot be run/,
  );
});
