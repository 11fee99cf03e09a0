/** What readers of data give, examples that are read when they are asked for and how they are split; and what they hold on to: memory and files. */
import type { Picture } from './picture';

export type Resources = ReturnType<typeof createResources>;

/** @param limit bytes of data that may be kept in memory */
export function createResources(limit: number, signal?: AbortSignal) {
  let left = limit;
  let works: (() => Promise<unknown>)[] = [];
  return {
    /** Aborting ends what opens data. */
    ...(signal ? { signal } : {}),
    /** Takes a part of the memory that the data may use; false when not so much is left. */
    reserve(bytes: number) {
      if (bytes > left) return false;
      left -= bytes;
      return true;
    },
    release: (bytes: number) => void (left += bytes),
    /** Registers what `close` is to do, last first. */
    onClose: (work: () => Promise<unknown>) => void works.push(work),
    /** Does all that was registered, once. */
    async close() {
      const all = works.reverse();
      works = [];
      const results = await Promise.allSettled(all.map((work) => work()));
      const failed = results.find((result) => result.status === 'rejected');
      if (failed) throw failed.reason;
    },
  };
}

/** One class for each example. An `Int32Array` is one. */
export interface Labels {
  readonly length: number;
  at(index: number): number | undefined;
}

export interface ReadOptions {
  /**
   * Where random crops lie: two numbers in [0, 1) for each example, vertical and horizontal. Crops are central without
   * them; data that are not cropped at random do not look at them.
   */
  crops?: Float32Array;
  /** Aborting rejects what is still being read. */
  signal?: AbortSignal;
}

/** Examples in memory or in files. */
export interface Examples {
  readonly count: number;
  /** Values of one example: its features, D, and the numbers of its context. */
  readonly size: number;
  /** Indices into `labelNames` if these are known. Never modeled. */
  readonly labels?: Labels;
  /**
   * Gathers examples in data units, indices.length × D, row-major. The caller may change the result.
   * @throws RangeError for an index outside; UserError for what in a file is not as expected
   */
  read(indices: ArrayLike<number>, options?: ReadOptions): Promise<Float32Array>;
  /** An example before its crop. Only data that are cropped at random have it. @throws as `read` */
  whole?(index: number): Promise<Picture>;
}

/** A part of the data. */
export interface Split extends Examples {
  /** All examples once in the order in which they are stored, a block at a time: the fastest way through a large file. */
  scan(options?: ReadOptions): AsyncGenerator<Float32Array>;
}

export interface Dataset {
  kind: 'vector' | 'image';
  /** A built-in name, or a file's name without its folder. */
  name: string;
  /** One example without the batch axis: [D], or [H, W, C] before padding. */
  shape: number[];
  /** Images: pixels are the integers 0 … levels − 1. */
  levels?: number;
  train: Split;
  /** Held out; `count` is 0 when the config asks for no validation. */
  validation: Split;
  featureNames?: string[];
  /** Names of the numbers of the context, which come after the features of each example. */
  contextNames?: string[];
  /** Their number, also where they have no names; of columns of a table the names alone tell it. */
  contextSize?: number;
  labelNames?: string[];
  provenance: {
    /** A built-in name or an absolute path. */
    source: string;
    /** Absolute path of the data that are held out, where the config names some. */
    validationSource?: string;
    /** Examples in the source, before any limit. */
    rows: number;
    note: string;
  };
  /** Closes files and removes temporary ones; nothing can be read afterwards. */
  close(): Promise<void>;
}

/** @throws RangeError for an index outside of `count` examples */
export function checkIndices(indices: ArrayLike<number>, count: number): void {
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    if (!(index >= 0 && index < count))
      throw new RangeError(`There is no example ${index}; the split has ${count}.`);
  }
}

/** `count` indices from `start` on. */
export function indexRange(start: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => start + i);
}

/** At most so many indices below `count`, evenly. */
export function spread(most: number, count: number): number[] {
  const length = Math.min(most, count);
  return Array.from({ length }, (_, i) => Math.floor((i * count) / length));
}
