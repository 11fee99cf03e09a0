/** Where a training can run from here, besides in the engine. */
import { UserError } from '../../../base/user-error';
import { firstWorking } from '../../../native/run-command';
import { placeNames, type PlaceState } from '../../../protocol/launch';
import { findPython } from './python';

type Found = Pick<PlaceState, 'found' | 'missing'>;

export async function placeStates(): Promise<PlaceState[]> {
  // All of them run the same Python.
  const [python, scheduler] = await Promise.all([pythonState(), slurmState()]);
  return placeNames.map((name) => ({
    name,
    ...(name !== 'slurm' || python.missing !== undefined ? python : scheduler),
  }));
}

function pythonState(): Promise<Found> {
  return findPython().then(
    ({ command, torch }) => ({ found: `PyTorch ${torch}, ${command}` }),
    (error: unknown) => {
      if (error instanceof UserError) return { missing: error.message };
      throw error;
    },
  );
}

async function slurmState(): Promise<Found> {
  const working = await firstWorking([['sbatch', '--version']]);
  return working
    ? { found: working.output.trim() }
    : {
        missing: 'sbatch was not found. Open the folder on a machine from which jobs of Slurm are submitted.',
      };
}
