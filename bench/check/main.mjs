// Counts what `flowscope check` finds in flows with planted faults, and in flows that are right.
//   node bench/check/main.mjs [faults|RUNS|coverage] [SEED], or examples RUNS, or c2st SEEDS FILE.npy…
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import esbuild from 'esbuild';
import { nodeOptions } from '../../scripts/esbuild-options.mjs';

const outdir = path.join('out', 'bench', 'check');
await esbuild.build({
  ...nodeOptions,
  entryPoints: {
    faults: path.join('bench', 'check', 'faults.ts'),
    c2st: path.join('bench', 'check', 'c2st.ts'),
    'onnx-thread': path.join('src', 'engine', 'backends', 'onnx-thread.ts'),
  },
  outdir,
});
const [what, ...rest] = process.argv.slice(2);
const words = what === 'c2st' ? ['c2st.js', ...rest] : ['faults.js', what, ...rest].filter(Boolean);
const { status } = spawnSync(process.execPath, [path.join(outdir, words[0]), ...words.slice(1)], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
