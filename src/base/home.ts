/** The user's home folder. In a container there may be none: its user is often only a number. */
import { homedir } from 'node:os';

export function homeFolder(): string | undefined {
  try {
    return homedir() || undefined;
  } catch {
    return undefined;
  }
}

/** A path that a person typed, with the home folder for `~`. */
export function withHome(typed: string): string {
  const home = homeFolder();
  return home === undefined ? typed : typed.replace(/^~(?=$|[\\/])/, () => home);
}
