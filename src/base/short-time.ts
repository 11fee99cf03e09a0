/** Two digits of a time that was measured: 12 ms, 1.3 s. */
export const shortTime = (seconds: number): string =>
  seconds < 0.1 ? `${(1000 * seconds).toPrecision(2)} ms` : `${Number(seconds.toPrecision(2))} s`;
