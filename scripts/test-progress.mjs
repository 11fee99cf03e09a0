// What a tier's tests have done so far, out of the file of JSON lines that they write as they go (progress-reporter.mjs and
// test/extension/index.ts), and a watch that ends those that no longer get anywhere.
import fs from 'node:fs';

/** How long no test may end, in ms on a machine of usual pace. Longer than any limit of a single test. */
const patience = 300_000;

/** @returns counts and names; `running` is what had started last and not ended, `missing` what was planned and never ended */
export function readProgress(file) {
  const lines = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n') : [];
  const events = lines.flatMap((line) => {
    try {
      return [JSON.parse(line)];
    } catch {
      // The last line may be half written.
      return [];
    }
  });
  const result = { passed: 0, failed: 0, skipped: 0, failures: [], again: [], ended: false };
  const open = new Map();
  for (const { event, test, message } of events) {
    if (event === 'planned') open.set(test, 'planned');
    else if (event === 'start') {
      // A test that is started once more comes last.
      open.delete(test);
      open.set(test, 'running');
    } else if (event === 'retry') result.again.push(`${test}: ${message}`);
    else if (event === 'end') result.ended = true;
    else {
      open.delete(test);
      if (event === 'pass') result.passed++;
      if (event === 'skip') result.skipped++;
      if (event === 'fail') {
        result.failed++;
        result.failures.push(`${test}: ${message}`);
      }
    }
  }
  // A suite that is not over yet is not a test.
  const suites = [...open.keys()].filter((name) =>
    [...open.keys()].some((other) => other.startsWith(`${name} > `)),
  );
  for (const name of suites) open.delete(name);
  const names = [...open.keys()];
  return { ...result, running: names.filter((name) => open.get(name) === 'running').at(-1), missing: names };
}

/**
 * Calls `stalled` once when nothing was added to the file for too long. Returns what ends the watch.
 * @param pace how many times longer this machine takes (pace.mjs)
 */
export function watchProgress(file, pace, stalled) {
  const limit = patience * pace;
  const size = () => (fs.existsSync(file) ? fs.statSync(file).size : 0);
  let seen = -1;
  let since = Date.now();
  const timer = setInterval(() => {
    const now = size();
    if (now !== seen) {
      seen = now;
      since = Date.now();
    } else if (Date.now() - since > limit) {
      clearInterval(timer);
      stalled(limit);
    }
  }, 1000);
  return () => clearInterval(timer);
}

/** The words for a tier or file that was cut short. */
export function saidOfHang({ running }, limit) {
  return `no test ended for ${Math.round(limit / 1000)} s${running ? ` while "${running}" ran` : ''}`;
}
