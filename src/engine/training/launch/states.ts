/** What each launcher finds on this machine. */
import { UserError } from '../../../base/user-error';
import { launcherNames, type LauncherState } from '../../../protocol/launch';
import { findPython } from './python';

export async function launcherStates(): Promise<LauncherState[]> {
  // All of them run the same Python.
  const state = await findPython().then(
    ({ command, torch }) => ({ found: `PyTorch ${torch}, ${command}` }),
    (error: unknown) => {
      if (error instanceof UserError) return { missing: error.message };
      throw error;
    },
  );
  return launcherNames.map((name) => ({ name, ...state }));
}
