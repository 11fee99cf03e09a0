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
  /** "torch": one PyTorch process; "torchrun": several, on this machine or on more. */
  name: LauncherName;
  /** Of torchrun: on each machine. */
  processes?: number;
  /** Of torchrun, with `rendezvous`: machines, of which this is the first. */
  nodes?: number;
  /** HOST:PORT of this machine, where the others find it. */
  rendezvous?: string;
  /** Threads of each process. */
  threads?: number;
}

export function isLaunch(value: unknown): value is Launch {
  return launcherNames.some((name) => name === (value as Partial<Launch> | undefined)?.name);
}
