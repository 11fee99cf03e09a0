// How often the log evidence is within two of its errors of the truth, for flows that are trained on samples of three targets.
//   node bench/check/evidence.mjs [SECONDS of training] [SEEDS]      Python with NumPy: FLOWSCOPE_PYTHON
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const [seconds = '90', seeds = '100'] = process.argv.slice(2);
const targets = path.join(import.meta.dirname, 'targets.py');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flowscope-evidence-'));
const print = (command, ...words) =>
  execFileSync(command, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 2 ** 28 });
const flowscope = (...words) => print(process.execPath, path.join('dist', 'cli.js'), ...words);

for (const name of ['funnel', 'gmm40', 'many_well32']) {
  const truth = Number(print(process.env.FLOWSCOPE_PYTHON ?? 'python3', targets, name, folder));
  const run = path.join(folder, name);
  const data = path.join(folder, `${name}.csv`);
  flowscope('train', '--data', data, '--preset', 'nsf', '--output', run, '--max-seconds', seconds);
  let [within, share] = [0, 0];
  const errors = [];
  for (let seed = 0; seed < Number(seeds); seed++) {
    const output = path.join(folder, 'weighted.npz');
    const words = ['--target', `${targets}:${name}`, '--count', '10000', '--seed', String(1000 * seed)];
    const { logEvidence, ess, count } = JSON.parse(
      flowscope('sample', run, ...words, '--output', output, '--json'),
    );
    errors.push((logEvidence.value - truth) / logEvidence.error);
    if (Math.abs(errors.at(-1)) <= 2) within++;
    share += ess / count / Number(seeds);
  }
  const mean = errors.reduce((a, b) => a + b) / errors.length;
  console.log(
    `${name}: within two errors in ${within} of ${seeds} seeds (mean ${mean.toFixed(2)} errors off), efficiency ${(100 * share).toFixed(0)}%`,
  );
}
fs.rmSync(folder, { recursive: true });
