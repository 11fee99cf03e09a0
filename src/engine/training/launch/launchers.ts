/** How trainings are started outside of this process: each launcher is an entry. */
import { UserError } from '../../../base/user-error';
import { isAddress, type Launch, type LauncherName } from '../../../protocol/engine';
import { rayOf, type Python } from './python';

export interface Launcher {
  /** What it has besides threads. */
  options: readonly Exclude<keyof Launch, 'name' | 'threads'>[];
  /** What it trains with, for example "PyTorch 2.9.0". @throws UserError where that is missing */
  library(python: Python): string;
  /** Arguments of Python before the arguments of the training. @throws UserError for options that it does not have */
  module(launch: Launch): string[];
  /** Processes that share a batch. */
  processes(launch: Launch): number;
}

/** How often all processes are started again after one has died. */
export const restarts = 10;

/** Threads that wait for each other leave the processor to others, unless the user's environment says otherwise. */
export const passiveWaiting = { OMP_WAIT_POLICY: 'PASSIVE', GOMP_SPINCOUNT: '0', KMP_BLOCKTIME: '0' };

const pytorch = ({ torch }: Python): string => `PyTorch ${torch}`;

export const launchers: Readonly<Record<LauncherName, Launcher>> = {
  torch: { options: [], library: pytorch, module: () => ['-m', 'flowscope.train'], processes: () => 1 },
  torchrun: {
    options: ['processes', 'nodes', 'rendezvous'],
    library: pytorch,
    module({ processes = 1, nodes = 1, rendezvous }) {
      // Without torchrun, which opens a port that everybody reaches.
      if (nodes === 1)
        return ['-m', 'flowscope.train_processes', `--processes=${processes}`, `--max-restarts=${restarts}`];
      const [host, port] = rendezvous?.split(':') ?? [];
      // The first machine has the first process, whose reports are read here. Machines with fixed numbers do not meet again.
      return [
        ...['-m', 'torch.distributed.run', `--nnodes=${nodes}`, '--node-rank=0', `--master-addr=${host!}`],
        ...[`--master-port=${port!}`, `--nproc-per-node=${processes}`, '-m', 'flowscope.train'],
      ];
    },
    processes: ({ processes = 1, nodes = 1 }) => processes * nodes,
  },
  ray: {
    options: ['workers', 'address'],
    library: (python) => `${pytorch(python)}, Ray ${rayOf(python)}`,
    module: ({ workers = 1, threads = 1, address }) => [
      ...['-m', 'flowscope.train_ray', `--max-restarts=${restarts}`],
      ...[`--workers=${workers}`, `--threads=${threads}`],
      ...(address === undefined ? [] : [`--address=${address}`]),
    ],
    processes: ({ workers = 1 }) => workers,
  },
};

/** @throws UserError for options that do not go together, or need another launcher */
export function checkLaunch({ name, ...settings }: Partial<Launch>): void {
  for (const [owner, { options }] of Object.entries(launchers)) {
    const other = owner === name ? undefined : options.find((option) => settings[option] !== undefined);
    if (other !== undefined)
      throw new UserError(
        `--${other} can only be used with --launcher ${owner}${name === undefined ? '' : `, not ${name}`}.`,
      );
  }
  const { nodes, rendezvous, address } = settings;
  if (rendezvous !== undefined && !isAddress(rendezvous))
    throw new UserError(`--rendezvous ${rendezvous}: expected HOST:PORT of this machine.`);
  if (address !== undefined && !isAddress(address))
    throw new UserError(`--address ${address}: expected HOST:PORT of a Ray cluster, as ray start says it.`);
  if ((nodes ?? 1) > 1 !== (rendezvous !== undefined))
    throw new UserError('--nodes (2 or more) and --rendezvous HOST:PORT can only be used together.');
}

/** @throws UserError where processes would have nothing to do */
export function checkShares(launch: Launch, batch: number): void {
  const processes = launchers[launch.name].processes(launch);
  if (processes <= batch) return;
  throw new UserError(
    `${processes} processes are more than the ${batch} examples of a batch, which they share. Start fewer, or set a larger training.batch.`,
  );
}
