import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slurmScript } from '../../../../../src/engine/training/launch/slurm';

const job = { run: "/data/it's", python: '/bin/python', packages: '/opt/python', processes: 2, threads: 3 };

test('a job of one machine opens no port, and one of several unpickles nothing', () => {
  const [one, several] = [1, 2].map((nodes) => slurmScript({ ...job, nodes }));
  assert.match(
    one!,
    /srun '\/bin\/python' -m flowscope\.train_processes "\$run" --processes=2 --take-over &/,
  );
  assert.doesNotMatch(one!, /torch\.distributed/);
  // What is agreed upon by c10d is pickled.
  assert.doesNotMatch(several!, /rdzv/);
  assert.match(several!, /--node-rank="\$SLURM_NODEID"[^]*--master-addr="\$first" --master-port="\$port"/);
});

test('processes of a job wait passively unless the environment says otherwise', () => {
  assert.match(slurmScript({ ...job, nodes: 1 }), /export OMP_WAIT_POLICY="\$\{OMP_WAIT_POLICY-PASSIVE\}"/);
});
