import path from 'node:path';
import { UserError } from '../../base/user-error';
import { findPython, packageFolder } from '../../engine/training/launch/python';
import { slurmScript } from '../../engine/training/launch/slurm';
import { prepareTraining } from '../../engine/training/train';
import { writeAtomically } from '../../files/atomic';
import { runCommand } from '../../native/run-command';
import { openBackend } from '../backend';
import { defineCommand, type Outcome } from '../command';
import { trainOptions, trainRequest } from '../train-options';

export const submitCommand = defineCommand({
  name: 'submit',
  summary: 'Train as a job of a cluster',
  about:
    'Prepares a run on this machine and submits a job that trains it with PyTorch. The folder of the run has to be at the same place on all machines. ' +
    'The job saves before its time is up and queues itself again, until the training is finished.',
  options: {
    slurm: { type: 'flag', help: 'Submit to Slurm, by sbatch.' },
    ...trainOptions,
    nodes: { type: 'integer', value: 'M', min: 1, default: 1, help: 'Machines.' },
    processes: { type: 'integer', value: 'N', min: 1, default: 1, help: 'Processes on each machine.' },
    time: { type: 'text', value: 'TIME', help: 'Time limit of the job, as sbatch takes it: 4:00:00.' },
    partition: { type: 'text', value: 'NAME', help: 'Partition of the cluster.' },
    'dry-run': { type: 'flag', help: 'Print the script of the job; prepare and submit nothing.' },
  },
  examples: [
    {
      command:
        'flowscope submit --slurm --data digits --output /data/runs/digits --nodes 2 --processes 4 --time 4:00:00',
      says: 'On two machines, with four processes each:',
    },
    {
      command: 'flowscope submit --slurm --data digits --output /data/runs/digits --dry-run',
      says: 'The script of the job:',
    },
  ],
  async run(session, _, options): Promise<Outcome> {
    if (!options.slurm) throw new UserError('submit needs --slurm, the only scheduler that it knows.');
    const request = await trainRequest(options);
    const { command: python } = await findPython();
    const { nodes, processes, time, partition } = options;
    const run = request.output;
    const threads = session.threads ?? 1;
    const script = slurmScript({
      ...{ run, python, packages: packageFolder(), nodes, processes, threads, time, partition },
    });
    if (options['dry-run']) return { json: { run, script }, text: script };
    const backend = await openBackend(session);
    await prepareTraining(request, { backend, signal: session.signal });
    const file = path.join(run, 'torch', 'job.sh');
    await writeAtomically(file, script);
    const job = await submitted(file);
    return { json: { run, job, script: file }, text: `Job ${job} trains ${run}.\n` };
  },
});

/** The number of the job. @throws UserError where there is no Slurm, or it refuses the job */
async function submitted(file: string): Promise<string> {
  try {
    // Followed by the name of the cluster where there are several.
    return (await runCommand('sbatch', ['--parsable', file])).trim().split(';')[0]!;
  } catch (error) {
    throw new UserError(
      `The job could not be submitted: ${error instanceof Error ? error.message : String(error)}. The run is prepared; submit ${file} where sbatch is.`,
    );
  }
}
