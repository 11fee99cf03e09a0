/** What processes of inspectors are started with. */
import type { EngineProcessOptions } from './engine-process';

/**
 * Compiling a large flow takes and leaves blocks of many megabytes. On Linux the C library would keep them for the next of
 * their size, up to a gigabyte of them; with a fixed threshold it gives them back. Training, which needs the same blocks in
 * every step, is better off without. Of smaller blocks it would keep a store for each thread, eight for each processor, which fill up over
 * hours.
 */
export const inspectionEnvironment = { MALLOC_MMAP_THRESHOLD_: String(2 ** 18), MALLOC_ARENA_MAX: '2' };

export type Room = Pick<EngineProcessOptions, 'name' | 'env' | 'limits'>;

/** Tensors are not JavaScript objects: a checkpoint of gigabytes needs some megabytes of those. */
const limits = { objects: 2048, share: 0.75 };

/** For Flowscope's own checkpoints and recordings, and for what reads none. */
export const sharedRoom: Room = {
  name: 'inspection',
  env: { ...inspectionEnvironment, FLOWSCOPE_OWN_FILES: '1' },
  limits,
};

/** For one file of other software. */
export const roomOf = (name: string): Room => ({
  name: `inspection of ${name}`,
  env: inspectionEnvironment,
  limits,
});
