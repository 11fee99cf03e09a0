// A peer's configuration as PyTorch has it from us: printed, and as a run that `flowscope train --launcher torch` has prepared.
import fs from 'node:fs';
import path from 'node:path';
import esbuild from 'esbuild';
import { nodeOptions } from '../../scripts/esbuild-options.mjs';
import { flowscope, root, runProgram } from '../quality/support.mjs';
import { configFile } from './cells.mjs';

const script = path.join(root, 'out', 'bench', 'speed', 'print-flow.js');

/** Writes flow.py, weights.safetensors and config.json. */
export async function printFlow(config, folder) {
  await esbuild.build({
    ...nodeOptions,
    entryPoints: [path.join('bench', 'speed', 'print-flow.ts')],
    outdir: path.dirname(script),
  });
  await runProgram(process.execPath, [script, configFile(config), folder]);
}

/** A run to be trained for as long as it is wanted, of random rows where the flow is of vectors. */
export async function preparedRun(python, config, folder) {
  await printFlow(config, folder);
  const file = path.join(folder, 'config.json');
  const given = JSON.parse(fs.readFileSync(file, 'utf8'));
  const { kind, dim } = given.model;
  const source = kind === 'vector' ? randomTable(path.join(folder, 'table.csv'), dim) : config;
  fs.writeFileSync(file, JSON.stringify({ ...given, data: { source } }));
  const run = path.join(folder, 'run');
  process.env.FLOWSCOPE_PYTHON = python;
  await flowscope('train', '--config', file, '--output', run, '--launcher', 'torch', '--max-steps', '1');
  changePlan(run, ({ training }) => ({
    totalSteps: 1e6,
    training: { ...training, validateEvery: 1e6, checkpointEvery: 1e6, sampleEvery: 1e6 },
  }));
  return run;
}

export function changePlan(run, change) {
  const file = path.join(run, 'torch', 'plan.json');
  const plan = JSON.parse(fs.readFileSync(file, 'utf8'));
  fs.writeFileSync(file, JSON.stringify({ ...plan, ...change(plan) }));
}

/** 5,000 rows. */
function randomTable(file, columns) {
  const row = () => Array.from({ length: columns }, () => Math.random().toFixed(5)).join(',');
  fs.writeFileSync(file, `${Array.from({ length: 5000 }, row).join('\n')}\n`);
  return file;
}
