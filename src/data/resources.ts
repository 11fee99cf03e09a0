/** What an open data set holds on to: its share of memory, and files that have to be closed. */

export interface Resources {
  /** Takes a part of the memory that the data may use; false when not so much is left. */
  reserve(bytes: number): boolean;
  release(bytes: number): void;
  /** Bytes that may still be reserved. */
  readonly left: number;
  /** Aborting ends what opens data. */
  readonly signal?: AbortSignal;
  /** Registers what `close` is to do, last first. */
  onClose(work: () => Promise<unknown>): void;
  /** Does all that was registered, once. */
  close(): Promise<void>;
}

/** @param limit bytes of data that may be kept in memory */
export function createResources(limit: number, signal?: AbortSignal): Resources {
  let left = limit;
  let works: (() => Promise<unknown>)[] = [];
  return {
    ...(signal ? { signal } : {}),
    reserve(bytes) {
      if (bytes > left) return false;
      left -= bytes;
      return true;
    },
    release: (bytes) => void (left += bytes),
    get left() {
      return left;
    },
    onClose: (work) => void works.push(work),
    async close() {
      const all = works.reverse();
      works = [];
      const results = await Promise.allSettled(all.map((work) => work()));
      const failed = results.find((result) => result.status === 'rejected');
      if (failed) throw failed.reason;
    },
  };
}
