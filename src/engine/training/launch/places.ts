/** Where a training can run from here, besides in the engine. */
import { UserError } from '../../../base/user-error';
import { firstWorking } from '../../../native/run-command';
import { launcherNames, type PlaceState } from '../../../protocol/engine';
import { launchers } from './launchers';
import { findPython, type Python } from './python';

type Found = Pick<PlaceState, 'found' | 'missing'>;

export async function placeStates(): Promise<PlaceState[]> {
  // All of them run the same Python.
  const python = findPython();
  const withPython = launcherNames.map(async (name) => ({
    name,
    ...(await stateOf(python, launchers[name].library)),
  }));
  const [states, scheduler] = await Promise.all([Promise.all(withPython), slurmState()]);
  const { found, ...state } = await stateOf(python, launchers.torchrun.library);
  return [...states, { name: 'slurm', ...(found === undefined ? state : scheduler) }];
}

async function stateOf(python: Promise<Python>, library: (python: Python) => string): Promise<Found> {
  try {
    const found = await python;
    return { found: `${library(found)}, ${found.command}` };
  } catch (error) {
    if (error instanceof UserError) return { missing: error.message };
    throw error;
  }
}

async function slurmState(): Promise<Found> {
  const working = await firstWorking(['sbatch'], ['--version']);
  return working
    ? { found: working.output.trim() }
    : {
        missing: 'sbatch was not found. Open the folder on a machine from which jobs of Slurm are submitted.',
      };
}
