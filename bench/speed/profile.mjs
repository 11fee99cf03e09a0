// Where a training step's time goes on TensorFlow, kernel by kernel, by the profiler in TensorFlow's package for Python.
import path from 'node:path';
import esbuild from 'esbuild';
import { nodeOptions } from '../../scripts/esbuild-options.mjs';
import { Stop } from '../../scripts/run.mjs';
import { inTemporaryFolder, root, runProgram, table } from '../quality/support.mjs';
import { configFile, matching } from './cells.mjs';
import { machine, machineText, warnIfBusy } from './machine.mjs';
import { save } from './results.mjs';
import { median } from './summary.mjs';

/** Kinds of kernels below this share of the sum are one row. */
const leastShare = 0.005;

export async function profile({ only, threads, output }) {
  const python = process.env.FLOWSCOPE_TENSORFLOW_PYTHON;
  if (!python) {
    throw new Stop(
      'Set FLOWSCOPE_TENSORFLOW_PYTHON to a Python with the package tensorflow-cpu, of the version that flowscope doctor ' +
        'names: what runs inside of Node has no profiler.',
    );
  }
  const wanted = matching(only);
  if (wanted.length === 0) return;
  const folder = path.join(root, 'out', 'bench', 'speed');
  await esbuild.build({
    ...nodeOptions,
    entryPoints: [path.join('bench', 'speed', 'dump-step.ts')],
    outdir: folder,
  });
  const place = machine(threads);
  warnIfBusy(place);
  const parts = [];
  for (const config of wanted) {
    const line = await inTemporaryFolder(async (temporary) => {
      await runProgram(process.execPath, [path.join(folder, 'dump-step.js'), configFile(config), temporary]);
      const program = path.join(root, 'bench', 'speed', 'profile_step.py');
      return runProgram(python, [program, temporary, String(threads)]);
    });
    const result = JSON.parse(line.trim().split('\n').at(-1));
    console.log(`${config}: a step takes ${median(result.steps_ms).toFixed(1)} ms`);
    parts.push(`### ${config}\n\n${described(result)}`);
  }
  const text = `# Where a training step's time goes on TensorFlow\n\n${parts.join('\n\n')}\n\n${machineText(place)}.\n`;
  save(output, 'profile.md', text);
}

function described({ tensorflow, steps_ms: steps, kernels }) {
  const sum = kernels.reduce((total, { ms }) => total + ms, 0);
  const shown = kernels.filter(({ ms }) => ms / sum >= leastShare);
  const rest = kernels.filter((kernel) => !shown.includes(kernel));
  const total = (list, key) => list.reduce((all, kernel) => all + kernel[key], 0);
  const row = (kind, ms, calls) => [kind, ms.toFixed(2), `${((100 * ms) / sum).toFixed(1)} %`, String(calls)];
  return `A step takes ${median(steps).toFixed(1)} ms with TensorFlow ${tensorflow}. Kernels run at the same time where they can, so that their sum, ${sum.toFixed(1)} ms, is more.\n\n${table(
    [
      ['kernel', 'ms', 'share', 'calls'],
      ...shown.map(({ kind, ms, calls }) => row(kind, ms, calls)),
      row('all others', total(rest, 'ms'), total(rest, 'calls')),
    ],
  )}`;
}
