/**
 * Compiling a large flow takes and leaves blocks of many megabytes. On Linux the C library would keep them for the next of
 * their size, up to a gigabyte of them; with a fixed threshold it gives them back. Training, which needs the same blocks in
 * every step, is better off without.
 */
export const inspectionEnvironment = { MALLOC_MMAP_THRESHOLD_: String(2 ** 18) };
