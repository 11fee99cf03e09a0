/** Ends this process where its main thread cannot: while that is in native code, such as a graph that never ends. */
import { constrainedMemory } from 'node:process';
import { totalmem } from 'node:os';
import { Worker } from 'node:worker_threads';
import { outOfMemory } from '../protocol/engine';

/** Milliseconds between looks, and from the host's end to our own: time for a training to save. Five seconds in all. */
const times = { look: 500, leave: 3500 };

/**
 * No engine outlives the process that started it, whatever it is doing. That the channel closes is noticed by the main thread, which
 * leaves in good order. And none takes more than its share of the machine's memory, if it was given one.
 */
export function startWatchdog(): void {
  const share = Number(process.env['FLOWSCOPE_MEMORY_SHARE']);
  const worker = new Worker(watch, {
    eval: true,
    execArgv: [],
    name: 'watchdog',
    workerData: {
      host: process.ppid,
      most: share > 0 ? share * machineMemory() : Infinity,
      outOfMemory,
      ...times,
    },
  });
  // Without it the engine still leaves, only not while it is blocked.
  worker.on('error', () => undefined);
  worker.unref();
}

/** Bytes, of the machine or of the container that this runs in. */
function machineMemory(): number {
  // Zero or an enormous number where nothing is set.
  const constrained = constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/** On Windows an orphan keeps the number of its host; elsewhere it is handed to another process. */
const watch = `
const { host, most, look, leave, outOfMemory } = require('node:worker_threads').workerData;
const end = () => process.kill(process.pid, 'SIGKILL');
const there = () => {
  if (process.ppid !== host) return false;
  try {
    process.kill(host, 0);
    return true;
  } catch (error) {
    return error.code !== 'ESRCH';
  }
};
let left = false;
setInterval(() => {
  if (process.memoryUsage.rss() > most) {
    try {
      require('node:fs').writeSync(2, outOfMemory + '\\n');
    } finally {
      end();
    }
  }
  if (left || there()) return;
  left = true;
  setTimeout(end, leave);
}, look);
`;
