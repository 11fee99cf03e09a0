/** Where a training runs when it is not the engine's own. */

export const launcherNames = ['torch', 'torchrun'] as const;
export type LauncherName = (typeof launcherNames)[number];

/** Whether a launcher can be used here. */
export interface LauncherState {
  name: LauncherName;
  /** What it would run, for example "PyTorch 2.9.0". */
  found?: string;
  /** What is not there, and what to do about it. */
  missing?: string;
}

export interface Launch {
  /** "torch": one PyTorch process; "torchrun": several on this machine. */
  name: LauncherName;
  /** Of torchrun. */
  processes?: number;
  /** Threads of each process. */
  threads?: number;
}

export function isLaunch(value: unknown): value is Launch {
  return launcherNames.some((name) => name === (value as Partial<Launch> | undefined)?.name);
}
