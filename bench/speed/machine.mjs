// On what a measurement was made.
import os from 'node:os';

export function machine(threads) {
  const cpus = os.cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    processor: cpus[0]?.model.trim() ?? 'unknown',
    processors: os.availableParallelism(),
    threads,
    memoryGb: Math.round(os.totalmem() / 2 ** 30),
    platform: `${os.platform()} ${os.arch()}`,
    node: process.version,
    /** Processes that wanted to run in the last minute: of a quiet machine near 0. */
    loadBefore: Number(os.loadavg()[0].toFixed(2)),
  };
}

export function machineText({ processor, processors, threads, memoryGb, platform, node, date, loadBefore }) {
  return (
    `${processor}, ${processors} processors, ${memoryGb} GB, ${platform}; ${threads} threads each; Node ${node.slice(1)}; ` +
    `${date}; load before the run ${loadBefore.toFixed(2)}`
  );
}

export function warnIfBusy({ loadBefore }) {
  if (loadBefore > 0.5)
    console.log(`The machine is not quiet (load ${loadBefore}): medians will be too high. Look at minima.`);
}
