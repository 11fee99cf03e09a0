/** State of a run, from the last words of its training and the holder of its lock. */
import type { Holder } from './train-lock';

export type RunState = 'running' | 'paused' | 'finished' | 'stopped' | 'failed' | 'interrupted';

/** A run of a version without locks says "running" at least this often while it is alive, ms. */
const silentAfter = 120_000;

/**
 * What the lock says goes before what was written last: a killed training still says that it runs, and one that is about to
 * go on still says that it was stopped.
 * @param silence milliseconds since run.json was written
 */
export function stateOf(
  status: RunState | 'unknown',
  holder: Pick<Holder, 'liveness'> | undefined,
  silence: number,
): RunState {
  if (status === 'unknown') return 'interrupted';
  const trains = status === 'running' || status === 'paused';
  if (holder?.liveness === 'alive') return trains ? status : 'running';
  return trains && (holder || silence > silentAfter) ? 'interrupted' : status;
}
