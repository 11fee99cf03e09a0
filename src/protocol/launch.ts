/** Where a training runs when it is not the engine's own. */

export const launcherNames = ['torch', 'torchrun', 'ray'] as const;
export type LauncherName = (typeof launcherNames)[number];

/** Where a training can go to: a launcher, or a scheduler that it is a job of. */
export const placeNames = [...launcherNames, 'slurm'] as const;
export type PlaceName = (typeof placeNames)[number];

/** Whether a place can be used from here. */
export interface PlaceState {
  name: PlaceName;
  /** What it would run, for example "PyTorch 2.9.0". */
  found?: string;
  /** What is not there, and what to do about it. */
  missing?: string;
}

export const precisions = ['float32', 'bfloat16'] as const;

/** How PyTorch computes a training, wherever it runs. */
export interface TorchOptions {
  /** By torch.compile. */
  compile?: boolean;
  /** Precision of products and convolutions in the networks; everything else is float32. */
  precision?: (typeof precisions)[number];
}

export interface Launch {
  /** "torch": one PyTorch process; "torchrun" and "ray": several, on this machine or on more. */
  name: LauncherName;
  /** Processes on each machine, for torchrun. */
  processes?: number;
  /** Number of machines for torchrun with `rendezvous`; this is the first. */
  nodes?: number;
  /** HOST:PORT of this machine, where the others find it. */
  rendezvous?: string;
  /** Number of processes for Ray, which places them where it likes. */
  workers?: number;
  /** HOST:PORT of the Ray cluster that they run on. Without it, this machine is one. */
  address?: string;
  /** Threads of each process. */
  threads?: number;
}

export const isAddress = (text: string): boolean => /^[\w.-]+:\d{1,5}$/.test(text);

export interface SlurmJob {
  name: 'slurm';
  nodes: number;
  /** On each machine. */
  processes: number;
  /** Threads of each process. */
  threads?: number;
  /** As sbatch takes them. */
  time?: string;
  partition?: string;
}

export interface SubmittedJob {
  run: string;
  /** As Slurm numbers it. */
  job: string;
  /** The file of its script. */
  script: string;
}

export type Place = Launch | SlurmJob;

export function isPlace(value: unknown): value is Place {
  return placeNames.some((name) => name === (value as Partial<Place> | undefined)?.name);
}
