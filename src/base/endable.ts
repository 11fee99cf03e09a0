/** Native code that may never return, and signals. */

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * While such code holds the thread, what listens for a signal is not called, and the process could not be ended with Ctrl-C. So
 * the listeners are put aside until `work` is done: a signal ends the process at once, as the system does by default.
 */
export async function endable<T>(work: () => Promise<T>): Promise<T> {
  const aside = signals.flatMap((name) => process.listeners(name).map((listener) => ({ name, listener })));
  for (const { name, listener } of aside) process.off(name, listener);
  try {
    return await work();
  } finally {
    for (const { name, listener } of aside) process.on(name, listener);
  }
}
