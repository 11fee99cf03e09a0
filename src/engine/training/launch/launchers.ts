/** How trainings are started outside of this process: each launcher is an entry. */
import { UserError } from '../../../base/user-error';
import type { Launch, LauncherName } from '../../../protocol/launch';

export interface Launcher {
  /** Arguments of Python before those of the training. @throws UserError for options that it does not have */
  module(launch: Launch): string[];
  /** Processes that share a batch. */
  processes(launch: Launch): number;
}

/** How often torchrun starts its processes again after one has died. */
export const restarts = 10;

/** Without it, processes that are started again may find the addresses of those before them, and not each other. */
export const torchrunEnvironment = { TORCH_DISABLE_SHARE_RDZV_TCP_STORE: '1' };

export const launchers: Readonly<Record<LauncherName, Launcher>> = {
  torch: {
    module: () => ['-m', 'flowscope.train'],
    processes: () => 1,
  },
  torchrun: {
    module({ processes = 1, nodes = 1, rendezvous }) {
      const [host, port] = rendezvous?.split(':') ?? [];
      // The first machine has the first process, whose reports are read here. Machines with fixed numbers do not meet again.
      const place =
        nodes === 1
          ? ['--standalone', `--max-restarts=${restarts}`]
          : [`--nnodes=${nodes}`, '--node-rank=0', `--master-addr=${host!}`, `--master-port=${port!}`];
      return [
        ...['-m', 'torch.distributed.run', ...place, `--nproc-per-node=${processes}`],
        ...['-m', 'flowscope.train'],
      ];
    },
    processes: ({ processes = 1, nodes = 1 }) => processes * nodes,
  },
};

/** @throws UserError for options that do not go together */
export function checkLaunch(launch: Launch): void {
  const { name, processes, nodes, rendezvous } = launch;
  if (name !== 'torchrun' && [processes, nodes, rendezvous].some((given) => given !== undefined))
    throw new UserError(
      `--processes, --nodes and --rendezvous can only be used with --launcher torchrun, not ${name}.`,
    );
  if (rendezvous !== undefined && !/^[\w.-]+:\d{1,5}$/.test(rendezvous))
    throw new UserError(`--rendezvous ${rendezvous}: expected HOST:PORT of this machine.`);
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
