/** No engine outlives the process that started it, whatever it is doing. */
import { Worker } from 'node:worker_threads';

/** Milliseconds between looks at the host, and from its end to ours: time for a training to save. Five seconds in all. */
const times = { look: 500, leave: 3500 };

/**
 * Ends this process soon after its host. That the channel closes is noticed by the main thread, which leaves in good order; but
 * while it is in native code, such as a graph of ONNX Runtime that never ends, it notices nothing.
 */
export function leaveWithHost(): void {
  const worker = new Worker(watch, {
    eval: true,
    execArgv: [],
    name: 'host watch',
    workerData: { host: process.ppid, ...times },
  });
  // Without it the engine still leaves, only not while it is blocked.
  worker.on('error', () => undefined);
  worker.unref();
}

/** On Windows an orphan keeps the number of its host; elsewhere it is handed to another process. */
const watch = `
const { host, look, leave } = require('node:worker_threads').workerData;
const there = () => {
  if (process.ppid !== host) return false;
  try {
    process.kill(host, 0);
    return true;
  } catch (error) {
    return error.code !== 'ESRCH';
  }
};
const timer = setInterval(() => {
  if (there()) return;
  clearInterval(timer);
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), leave);
}, look);
`;
