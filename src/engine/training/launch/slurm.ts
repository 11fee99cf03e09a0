/** A training as a job of Slurm: the script that sbatch is given. */
import path from 'node:path';
import { UserError } from '../../../base/user-error';
import { restarts, passiveWaiting } from './launchers';

export interface SlurmScript {
  /** Absolute path of the run's folder, on all machines. */
  run: string;
  /** The Python, and the folder of our package for it. */
  python: string;
  packages: string;
  nodes: number;
  /** On each machine. */
  processes: number;
  /** Threads of each process. */
  threads: number;
  /** As sbatch takes them. */
  time?: string | undefined;
  partition?: string | undefined;
}

/** The training gets the signal to save this many seconds before the end of the time limit. */
const notice = 120;

/** For the shell, whatever is in it. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * The job saves shortly before its time is up, by the request that `flowscope control --stop` leaves as well, and queues itself
 * again; so it does where a machine fails. It then goes on from what was saved last.
 *
 * @throws UserError for paths or settings that a line of the script cannot hold
 */
export function slurmScript(job: SlurmScript): string {
  const { run, python, packages, nodes, processes, threads } = job;
  for (const [what, text] of Object.entries({ run, python, time: job.time, partition: job.partition })) {
    if (text !== undefined && /[\n\r"]/.test(text))
      throw new UserError(`${what} ${JSON.stringify(text)}: expected no line breaks and no double quotes.`);
  }
  const settings = {
    'job-name': `flowscope-${path.basename(run).replaceAll(/[^\w.-]/g, '-')}`,
    nodes: String(nodes),
    'ntasks-per-node': '1',
    'cpus-per-task': String(processes * threads),
    time: job.time,
    partition: job.partition,
    output: `"${path.join(run, 'torch', 'slurm-%j.log')}"`,
    'open-mode': 'append',
    signal: `B:USR1@${notice}`,
  };
  const onOneMachine = `srun ${quoted(python)} -m flowscope.train_processes "$run" --processes=${processes} --take-over`;
  // Fixed numbers and one address, about which nothing is agreed: torchrun's other ways unpickle what anybody may have sent.
  const onSeveralMachines = `srun bash -c 'exec "$0" -m torch.distributed.run --node-rank="$SLURM_NODEID" "$@"' ${quoted(python)} \\
    --nnodes="$SLURM_NNODES" --nproc-per-node=${processes} --master-addr="$first" --master-port="$port" -m flowscope.train "$run" --take-over`;
  const directives = Object.entries(settings).filter(([, value]) => value !== undefined);
  return `#!/bin/bash
${directives.map(([name, value]) => `#SBATCH --${name}=${value}`).join('\n')}
#SBATCH --requeue
# Written by Flowscope.

run=${quoted(run)}
export PYTHONPATH=${quoted(packages)} PYTHONSAFEPATH=1 PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=${threads}
export ${Object.entries(passiveWaiting)
    .map(([name, value]) => `${name}="\${${name}-${value}}"`)
    .join(' ')}
# Where a process fails on one machine, the processes on the other machines end as well.
export SLURM_KILL_BAD_EXIT=1
# Python must not take what lies in the current folder for its own modules.
cd /

first=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
port=$((20000 + SLURM_JOB_ID % 10000))
start() {
  ${nodes === 1 ? onOneMachine : onSeveralMachines} &
  training=$!
}

# Time is nearly up: the training saves and ends.
time_is_up=
stop() {
  time_is_up=1
  printf '{"id": "slurm-%s-%s", "action": "stop"}\\n' "$SLURM_JOB_ID" "\${SLURM_RESTART_COUNT:-0}" >"$run/torch/stop.json"
  mv "$run/torch/stop.json" "$run/control.json"
}
trap stop USR1

for attempt in {0..${restarts}}; do
  start
  wait "$training"
  code=$?
  while kill -0 "$training" 2>/dev/null; do
    wait "$training"
    code=$?
  done
  # 2 says that something is wrong with the run, which stays wrong.
  if [ "$code" = 0 ] || [ "$code" = 2 ] || [ -n "$time_is_up" ]; then break; fi
done
if [ -n "$time_is_up" ]; then exec scontrol requeue "$SLURM_JOB_ID"; fi
exit "$code"
`;
}
