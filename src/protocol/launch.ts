/** Where a training runs when it is not the engine's own. */

export const launcherNames = ['torch', 'torchrun'] as const;
export type LauncherName = (typeof launcherNames)[number];

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
