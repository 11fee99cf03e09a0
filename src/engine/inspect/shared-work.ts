/** Work that several questions wait for: done once, kept for a while, ended when no question needs it any more. */
import { dropOldest } from '../../base/drop-oldest';
import { CancelledError } from '../../protocol/wire';

interface Entry {
  promise: Promise<unknown>;
  controller: AbortController;
  waiting: number;
  done: boolean;
}

export type SharedWork = ReturnType<typeof createSharedWork>;

/** @param keep results that stay; the oldest leave first */
export function createSharedWork(keep: number) {
  const entries = new Map<string, Entry>();

  const start = (key: string, work: (signal: AbortSignal) => Promise<unknown>): Entry => {
    const controller = new AbortController();
    const entry: Entry = { promise: work(controller.signal), controller, waiting: 0, done: false };
    entry.promise.then(
      () => {
        entry.done = true;
        dropOldest(entries, keep, ({ done }) => done);
      },
      () => forget(key, entry),
    );
    return entry;
  };
  const forget = (key: string, entry: Entry): void => {
    if (entries.get(key) === entry) entries.delete(key);
  };

  return {
    /**
     * The result of `work` for this key, from another call where there is one. A caller whose signal aborts gets a
     * CancelledError at once; the work itself goes on while others wait for it. A failure is not kept.
     */
    run<T>(key: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
      if (signal.aborted) return Promise.reject(new CancelledError());
      const entry = entries.get(key) ?? start(key, work);
      // Used last, so that it leaves last.
      entries.delete(key);
      entries.set(key, entry);
      if (entry.done) return entry.promise as Promise<T>;
      entry.waiting++;
      return new Promise<T>((resolve, reject) => {
        const leave = (): void => {
          signal.removeEventListener('abort', abort);
          entry.waiting--;
        };
        const abort = (): void => {
          leave();
          if (entry.waiting === 0 && !entry.done) {
            forget(key, entry);
            entry.controller.abort();
          }
          reject(new CancelledError());
        };
        signal.addEventListener('abort', abort);
        const settle = (): void => {
          leave();
          resolve(entry.promise as Promise<T>);
        };
        entry.promise.then(settle, settle);
      });
    },
    clear() {
      for (const { controller } of entries.values()) controller.abort();
      entries.clear();
    },
  };
}
