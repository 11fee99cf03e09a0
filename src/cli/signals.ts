/** Ctrl-C and the like: the first asks to stop and save, the second ends at once. */
import { constants } from 'node:os';

export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

export interface Stopping {
  signal: AbortSignal;
  /** Which signal it was, once one has come. */
  received(): StopSignal | undefined;
}

/** 128 + the signal's number, as shells count. */
export function signalExitCode(name: StopSignal): number {
  return 128 + constants.signals[name];
}

/** @param onFirst called at the first signal; the second one ends the process */
export function listenForSignals(onFirst: (name: StopSignal) => void): Stopping {
  const controller = new AbortController();
  let first: StopSignal | undefined;
  const handle = (name: StopSignal): void => {
    if (first) process.exit(signalExitCode(name));
    first = name;
    onFirst(name);
    controller.abort();
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, handle);
  return { signal: controller.signal, received: () => first };
}
