import { defined } from '../../base/defined';
import { UserError } from '../../base/user-error';
import { jobScript, submitTraining } from '../../engine/training/launch/submit';
import type { SlurmJob } from '../../protocol/engine';
import { openBackend } from '../backend';
import { type Outcome, defineCommand, flagOption, integerOption, textOption } from '../command';
import { trainOptions, trainRequest } from '../train-options';

export const submitCommand = defineCommand({
  name: 'submit',
  summary: 'Train as a job of a cluster',
  about:
    'Prepares a run on this machine and submits a job that trains it with PyTorch. The folder of the run has to be at the same place on all machines. ' +
    'The job saves before its time is up and queues itself again, until the training is finished. The network of its machines has to be trusted.',
  options: {
    slurm: flagOption('Submit to Slurm, by sbatch.'),
    ...trainOptions,
    nodes: integerOption('M', 'Machines.', { min: 1, default: 1 }),
    processes: integerOption('N', 'Processes on each machine.', { min: 1, default: 1 }),
    time: textOption('TIME', 'Time limit of the job, as sbatch takes it: 4:00:00.'),
    partition: textOption('NAME', 'Partition of the cluster.'),
    'dry-run': flagOption('Print the script of the job; prepare and submit nothing.'),
  },
  examples: {
    'On two machines, with four processes each:':
      'flowscope submit --slurm --data digits --output /data/runs/digits --nodes 2 --processes 4 --time 4:00:00',
    'The script of the job:': 'flowscope submit --slurm --data digits --output /data/runs/digits --dry-run',
  },
  async run(session, _, options): Promise<Outcome> {
    if (!options.slurm) throw new UserError('submit needs --slurm, the only scheduler that it knows.');
    const request = await trainRequest(options);
    const { nodes, processes, time, partition } = options;
    const limits = defined({ threads: session.threads, time, partition });
    const job: SlurmJob = { name: 'slurm', nodes, processes, ...limits };
    if (options['dry-run']) {
      const script = await jobScript(request.output, job);
      return { json: { run: request.output, script }, text: script };
    }
    const backend = await openBackend(session);
    const submitted = await submitTraining(request, job, { backend, signal: session.signal });
    return { json: submitted, text: `Job ${submitted.job} trains ${submitted.run}.\n` };
  },
});
