// Counts what `flowscope check` finds in flows with planted faults, and in flows that are right.
//   node bench/check/main.mjs [faults|RUNS|coverage] [SEED], or examples RUNS
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import esbuild from 'esbuild';
import { nodeOptions } from '../../scripts/esbuild-options.mjs';

const outdir = path.join('out', 'bench', 'check');
await esbuild.build({
  ...nodeOptions,
  entryPoints: {
    faults: path.join('bench', 'check', 'faults.ts'),
    'onnx-thread': path.join('src', 'engine', 'backends', 'onnx-thread.ts'),
  },
  outdir,
});
const { status } = spawnSync(process.execPath, [path.join(outdir, 'faults.js'), ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
