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

/** The longest that results of tasks stand, ms. */
const longestRest = 20_000;

/**
 * Runs `work` once the tasks that it would undo have ended and their results have stood for four times as long as they took,
 * or no more calls are to come.
 */
export function paced(work: () => void) {
  let running = 0;
  let since = 0;
  let restsUntil = 0;
  let waits = false;
  let isLast = false;
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    clearTimeout(timer);
    if (!waits || running > 0) return;
    const left = isLast ? 0 : restsUntil - Date.now();
    if (left > 0) {
      timer = setTimeout(look, left);
      return;
    }
    waits = isLast = false;
    work();
  };
  const end = (): void => {
    running--;
    if (running > 0) return;
    const now = Date.now();
    restsUntil = Math.max(restsUntil, now + Math.min(longestRest, 4 * (now - since)));
    look();
  };
  return {
    call: () => {
      waits = true;
      look();
    },
    waits: (): boolean => waits,
    /** No call is to follow that which waits: results need not stand. */
    last: () => {
      isLast = waits;
      look();
    },
    /** Tells of a task that `work` would undo. */
    during: <T>(task: Promise<T>): Promise<T> => {
      if (running === 0) since = Date.now();
      running++;
      task.then(end, end);
      return task;
    },
    /** Drops the call that waits, if any. */
    cancel: () => {
      waits = isLast = false;
      clearTimeout(timer);
    },
  };
}
