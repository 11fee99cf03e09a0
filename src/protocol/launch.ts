/** Where a training runs when it is not the engine's own. */

export const launcherNames = ['torch', 'torchrun'] as const;
export type LauncherName = (typeof launcherNames)[number];

export interface Launch {
  /** "torch": one PyTorch process; "torchrun": several on this machine. */
  name: LauncherName;
  /** Of torchrun. */
  processes?: number;
  /** Threads of each process. */
  threads?: number;
}
