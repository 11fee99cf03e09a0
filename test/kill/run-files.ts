/** What the kill test looks at in a run folder and beside it: read as the product reads it. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { loadAnyCheckpoint } from '../../src/checkpoint/recognize/load';
import { loadResume } from '../../src/checkpoint/resume';
import { openRun, readMetrics, readStatus, runPaths } from '../../src/checkpoint/run-folder';
import { exists } from '../../src/base/exists';
import { describeModel } from '../../src/engine/open/describe-model';

/** Temporary files of writers, anywhere below. */
export function leftovers(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.tmp')).map((name) => path.join(folder, name));
}

/** Step that a run goes on from, the last row of its metrics, and what run.json says. @throws where a file is not whole */
export async function readRun(folder: string) {
  const paths = runPaths(folder);
  if (!(await exists(paths.config))) return undefined;
  await openRun(folder);
  for (const name of readdirSync(paths.checkpoints)) {
    const file = path.join(paths.checkpoints, name);
    if (name.endsWith('.flow.safetensors')) await loadAnyCheckpoint(file);
  }
  const metrics = await readMetrics(paths);
  const step = (await exists(paths.resume)) ? (await loadResume(paths.resume)).step : 0;
  const status = await readStatus(paths);
  if ((await exists(paths.status)) && !status) throw new Error(`${paths.status} is not whole`);
  return { step, metrics, status: status?.status };
}

/** @throws where one of the files, which was written by a command that may have been killed, is not whole */
export async function readOutputs(folder: string): Promise<void> {
  for (const name of readdirSync(folder)) {
    if (/\.(onnx|safetensors)$/.test(name) && !name.startsWith('.'))
      await describeModel(path.join(folder, name));
  }
}
