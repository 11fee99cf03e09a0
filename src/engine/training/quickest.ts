/** Which backend trains, where two can: the one on which a step of this very model takes less time. */
import type { BackendInfo } from '../../protocol/model';
import { CancelledError } from '../../protocol/wire';
import type { Backend } from '../backends/backend';
import { paceOf } from './estimate';
import type { TrainOptions } from './train-options';
import type { Trainer } from './trainer';

/** A rival whose step takes this many times as long has lost, whatever the next steps take. */
const lost = 3;

/** The trainer, as it was made, and what it is on; where two were timed, the reason gives both times. */
export async function quickestTrainer(
  { backend, signal, log }: Pick<TrainOptions, 'backend' | 'signal' | 'log'>,
  trainerOn: (backend: Backend) => Promise<Trainer>,
): Promise<{ trainer: Trainer; backend: BackendInfo }> {
  const trainer = await trainerOn(backend);
  const rival = await backend.rival?.();
  if (!rival) return { trainer, backend: backend.info };
  const seconds = await paceOf(trainer, signal).catch(async (error: unknown) => {
    await trainer.dispose();
    throw error;
  });
  let other: Trainer | undefined;
  try {
    other = await trainerOn(rival);
    const others = await paceOf(other, signal, lost * seconds);
    const reason = `a step of this model takes ${shown(seconds)} on ${backend.info.library}, ${shown(others)} on ${rival.info.library}`;
    if (others < seconds) {
      await trainer.dispose();
      await other.restart();
      return { trainer: other, backend: { ...rival.info, reason } };
    }
    await other.dispose();
    await trainer.restart();
    return { trainer, backend: { ...backend.info, reason } };
  } catch (error) {
    await other?.dispose();
    if (error instanceof CancelledError) {
      await trainer.dispose();
      throw error;
    }
    log?.(`${rival.info.library} cannot train this model: ${(error as Error).message}`);
    await trainer.restart();
    return { trainer, backend: backend.info };
  }
}

const shown = (seconds: number): string =>
  seconds < 0.1 ? `${(1000 * seconds).toPrecision(2)} ms` : `${seconds.toPrecision(2)} s`;
