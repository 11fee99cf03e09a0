/** Trains a run as a job of Slurm: everything is prepared here. */
import path from 'node:path';
import { messageOf, UserError } from '../../../base/user-error';
import { writeAtomically } from '../../../files/atomic';
import { runCommand } from '../../../native/run-command';
import type { TrainRequest, SlurmJob, SubmittedJob } from '../../../protocol/engine';
import { prepareTraining } from '../train';
import type { TrainOptions } from '../train-options';
import { findPython, packageFolder } from './python';
import { slurmScript } from './slurm';

/** @throws UserError where Python or Slurm is missing, or the run cannot be prepared */
export async function submitTraining(
  request: TrainRequest,
  job: SlurmJob,
  options: TrainOptions,
): Promise<SubmittedJob> {
  const { output: run } = request;
  const text = await jobScript(run, job);
  await prepareTraining(request, options);
  const script = path.join(run, 'torch', 'job.sh');
  await writeAtomically(script, text);
  return { run, job: await submitted(script), script };
}

/** @throws UserError as `submitTraining` */
export async function jobScript(run: string, { threads = 1, ...job }: SlurmJob): Promise<string> {
  const { command: python } = await findPython();
  return slurmScript({ ...job, run, python, packages: packageFolder(), threads });
}

/** The number of the job. @throws UserError where there is no Slurm, or it refuses the job */
async function submitted(file: string): Promise<string> {
  try {
    // Followed by the name of the cluster where there are several.
    return (await runCommand('sbatch', ['--parsable', file])).trim().split(';')[0]!;
  } catch (error) {
    throw new UserError(
      `The job could not be submitted: ${messageOf(error)}. The run is prepared; submit ${file} where sbatch is.`,
    );
  }
}
