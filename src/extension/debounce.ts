import type { Disposable } from './disposable';

export interface Debounced extends Disposable {
  readonly call: () => void;
}

/** Runs `work` once things have been quiet for `milliseconds`, and at least every ten times that. */
export function debounce(work: () => void, milliseconds: number): Debounced {
  let timer: NodeJS.Timeout | undefined;
  let waitingSince = 0;
  return {
    call: () => {
      const now = Date.now();
      if (timer === undefined) waitingSince = now;
      clearTimeout(timer);
      const delay = Math.max(0, Math.min(milliseconds, waitingSince + 10 * milliseconds - now));
      timer = setTimeout(() => {
        timer = undefined;
        work();
      }, delay);
    },
    dispose: () => clearTimeout(timer),
  };
}
