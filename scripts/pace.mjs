// How fast this machine is now, compared with the one that the tests' limits were set on. A slow or busy one gets more time.
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

/** What the work below takes there, in ms. */
const usual = 270;

/** Plain arithmetic, on every core at once as the tests are, so that a core that is busy with something else is seen. */
const work = `
  const { parentPort } = require('node:worker_threads');
  const run = () => {
    const start = performance.now();
    let x = 1;
    for (let i = 0; i < 2e7; i++) x = (x * 1.0000001 + Math.sqrt(i)) % 1e6;
    return x > 0 ? performance.now() - start : NaN;
  };
  run();
  parentPort.postMessage(run());
`;

/** More patience than this only makes a test that hangs take longer. */
const most = 4;

/** How many times longer work takes here, from 1 to 4. */
export async function measurePace() {
  const times = await Promise.all(
    Array.from(
      { length: Math.min(2, availableParallelism()) },
      () =>
        new Promise((resolve, reject) => {
          new Worker(work, { eval: true }).once('message', resolve).once('error', reject);
        }),
    ),
  );
  return Math.min(most, Math.max(1, Math.max(...times) / usual));
}
