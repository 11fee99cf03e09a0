// Trains on each target whose integral is known, with several seeds, and counts how often log Z is within two standard errors of it.
//   node bench/quality/targets.mjs [SEEDS] [SECONDS] [TARGET …]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const [seeds = '3', seconds = '45', ...chosen] = process.argv.slice(2);
const cases = [
  ['gmm40', '--preset', 'nsf'],
  ['many-well-32', '--preset', 'nsf'],
  ['funnel', '--preset', 'nsf'],
].filter(([target]) => chosen.length === 0 || chosen.includes(target));
const folder = mkdtempSync(path.join(tmpdir(), 'flowscope-targets-'));
const flowscope = (...args) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/cli.js', ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
};
try {
  for (const [target, ...options] of cases) {
    let within = 0;
    for (let seed = 1; seed <= Number(seeds); seed++) {
      const run = path.join(folder, `${target}-${seed}`);
      const limits = ['--max-seconds', seconds, '--seed', String(seed), '--quiet'];
      flowscope('train', '--target', target, ...options, '--output', run, ...limits);
      const draws = ['--draws', '20000', '--json', '--quiet'];
      const report = JSON.parse(flowscope('check', run, '--target', target, ...draws));
      const { logZ, logEvidence, efficiency, paretoK } = report;
      const apart = (logEvidence.value - logZ) / logEvidence.error;
      if (Math.abs(apart) <= 2) within++;
      console.log(
        `${target} seed ${seed}: ESS ${(100 * efficiency.value).toFixed(1)}%, k ${paretoK?.toFixed(2)}, ` +
          `log Z − truth ${(logEvidence.value - logZ).toFixed(3)} ± ${logEvidence.error.toFixed(3)} (${apart.toFixed(1)} errors)`,
      );
    }
    console.log(`${target}: ${within} of ${seeds} within two errors\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
