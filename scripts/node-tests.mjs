// Runs bundled node:test files, each in a process of its own, and keeps what they report as they go.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './esbuild-options.mjs';
import { seconds } from './run.mjs';
import { readProgress, saidOfHang, watchProgress } from './test-progress.mjs';

/** How long a process that is asked to end may take for a picture and its logs. */
const farewell = 20_000;

const windows = process.platform === 'win32';

/** Ends a process and what it started. */
function endTree(child, signal) {
  try {
    if (windows) spawn('taskkill', ['/pid', String(child.pid), '/t', '/f']);
    // A group of its own, see below.
    else process.kill(-child.pid, signal);
  } catch {
    // It is gone already.
  }
}

/** @returns {{ result, output, hang? }} of one file, once its process has ended */
function runFile(bundle, { env, pace, children }) {
  const report = `${bundle}.progress.jsonl`;
  fs.rmSync(report, { force: true });
  const reporter = pathToFileURL(path.join(root, 'scripts', 'progress-reporter.mjs')).href;
  const flags = [
    '--enable-source-maps',
    ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
    ...[`--test-reporter=${reporter}`, `--test-reporter-destination=${report}`],
  ];
  const child = spawn(process.execPath, [...flags, bundle], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: !windows,
  });
  children.add(child);
  let output = '';
  const collect = (text) => (output += text);
  child.stdout.setEncoding('utf8').on('data', collect);
  child.stderr.setEncoding('utf8').on('data', collect);
  let hang;
  const unwatch = watchProgress(report, pace, (limit) => {
    hang = saidOfHang(readProgress(report), limit);
    endTree(child, 'SIGTERM');
    setTimeout(() => endTree(child, 'SIGKILL'), farewell).unref();
  });
  return new Promise((resolve) => {
    const end = (code, signal) => {
      unwatch();
      children.delete(child);
      resolve({ code: code ?? signal ?? 'no code', output, hang, progress: readProgress(report) });
    };
    child.once('error', (error) => end(error.message));
    child.once('close', end);
  });
}

/**
 * Runs the files, `atOnce` at a time, and resolves to { passed, failed, skipped, failures, missing } of all. A file whose
 * process ends badly without a failed test counts as a failure; what it had planned and not run is named in `missing`.
 */
export async function runNodeTests(
  bundles,
  { env, pace, atOnce, onCut, write = (text) => process.stdout.write(text) },
) {
  const total = { passed: 0, failed: 0, skipped: 0, failures: [], missing: [] };
  const waiting = [...bundles];
  const children = new Set();
  const name = (bundle) => path.relative(path.join(root, 'out', 'test'), bundle).replace(/\.m?js$/, '');
  onCut(() => {
    for (const child of children) endTree(child, 'SIGKILL');
    total.missing.push(...waiting.splice(0).map((bundle) => `all of ${name(bundle)}`));
  });
  const next = async () => {
    for (let bundle = waiting.shift(); bundle; bundle = waiting.shift()) {
      const started = performance.now();
      const { code, output, hang, progress } = await runFile(bundle, { env, pace, children });
      write(`${output}${name(bundle)} in ${seconds(started)}\n`);
      const { passed, failed, skipped, failures, missing } = progress;
      total.passed += passed;
      total.failed += failed;
      total.skipped += skipped;
      total.failures.push(...failures);
      if (hang || (code !== 0 && failed === 0)) {
        total.failed++;
        const reason = `${name(bundle)}: ${hang ?? `ended with ${code} ahead of time`}`;
        total.failures.push(reason);
        write(`${reason}\n`);
      }
      total.missing.push(...missing);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, next));
  return total;
}
