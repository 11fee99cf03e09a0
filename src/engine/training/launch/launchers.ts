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
const restarts = 10;

export const launchers: Readonly<Record<LauncherName, Launcher>> = {
  torch: {
    module: () => ['-m', 'flowscope.train'],
    processes: () => 1,
  },
  torchrun: {
    module({ processes = 1 }) {
      return [
        ...['-m', 'torch.distributed.run', '--standalone', `--nproc-per-node=${processes}`],
        ...[`--max-restarts=${restarts}`, '-m', 'flowscope.train'],
      ];
    },
    processes: ({ processes = 1 }) => processes,
  },
};

/** @throws UserError for options that do not go together */
export function checkLaunch({ name, processes }: Launch, batch: number): void {
  if (name === 'torch' && processes !== undefined)
    throw new UserError('--processes can only be used with --launcher torchrun.');
  if (processes !== undefined && processes > batch) {
    throw new UserError(
      `${processes} processes are more than the ${batch} examples of a batch, which they share. Start fewer, or set a larger training.batch.`,
    );
  }
}
