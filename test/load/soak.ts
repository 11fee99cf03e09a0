/**
 * The inspector of a run that is being trained, for as long as it takes to see whether memory grows: the page in a browser, its engine,
 * and the process between them. A usual run writes a row of metrics every few seconds and a checkpoint every minute; here that is ten
 * times as often, and somebody presses a key every three seconds.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { CDPSession } from 'playwright-core';
import { inspectionEnvironment } from '../../src/extension/engine/inspection-limits';
import type { EnginePage } from '../browser/support/engine-page';
import { EngineWindow } from '../browser/support/engine-window';
import { root } from '../inspector/models';
import { until } from '../inspector/until';

/** Megabytes at one time. */
export interface Sample {
  minutes: number;
  /** Of its process. */
  engine: number;
  /** Objects that are in use. */
  page: number;
  /** Objects that are in use. */
  host: number;
  /** Elements and texts of the page, thousands. */
  nodes: number;
  /** Checkpoints that were read anew so far. */
  checkpoints: number;
}

const config = {
  data: { source: 'digits' },
  model: { kind: 'image', height: 8, width: 8, levels: 17, scales: 2, base: 8, blocks: 1 },
  training: { steps: 10_000_000, batch: 64, validateEvery: 50, checkpointEvery: 50, sampleEvery: 1000 },
};

const keys = ['ArrowDown', 'ArrowRight', '1', 'ArrowDown', '2', 'ArrowUp', '3', 'ArrowLeft', '4', '5', '6'];

/** Milliseconds: between looks at the files (the extension looks every three seconds), between keys, between samples. */
const times = { look: 300, key: 3000, sample: 20_000 };

export async function soak(
  folder: string,
  length: number,
  tell: (sample: Sample) => void,
): Promise<Sample[]> {
  const { training, file } = await startTraining(folder);
  const window = await EngineWindow.open(folder, inspectionEnvironment);
  try {
    const live = await window.openPage(file);
    await live.page.locator('.worked').waitFor();
    const devtools = await live.page.context().newCDPSession(live.page);
    const samples: Sample[] = [];
    const began = performance.now();
    const end = began + length * 60_000;
    const told = { model: 0, run: 0 };
    const follow = followFiles(file, live, told, () => performance.now() < end);
    const press = pressKeys(live, () => performance.now() < end);
    while (performance.now() < end) {
      await pause(Math.min(times.sample, end - performance.now()));
      if (training.exitCode !== null) throw new Error(`the training ended with ${training.exitCode}`);
      const minutes = (performance.now() - began) / 60_000;
      const sample = { minutes, ...(await measure(devtools, window)), checkpoints: told.model };
      samples.push(sample);
      tell(sample);
    }
    await Promise.all([follow, press]);
    const problems = await window.closePages();
    if (problems.length > 0) throw new Error(problems.slice(0, 5).join('\n'));
    return samples;
  } finally {
    training.kill('SIGKILL');
    await EngineWindow.stop();
  }
}

async function startTraining(folder: string): Promise<{ training: ChildProcess; file: string }> {
  const given = path.join(folder, 'soak.flow.json');
  writeFileSync(given, JSON.stringify(config));
  const run = path.join(folder, 'soak');
  const args = ['train', '--config', given, '--output', run, '--quiet', '--threads', '1'];
  const training = spawn(process.execPath, [path.join(root(), 'dist', 'cli.js'), ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const file = path.join(run, 'checkpoints', 'last.flow.safetensors');
  await until('the first checkpoint', () => stampOf(file) !== '', 120_000);
  return { training, file };
}

/** Tells the page of changes, as the extension does. */
async function followFiles(
  file: string,
  live: EnginePage,
  told: Record<'model' | 'run', number>,
  on: () => boolean,
): Promise<void> {
  const run = path.join(path.dirname(file), '..');
  const stamps = {
    model: () => stampOf(file),
    run: () => ['metrics.jsonl', 'run.json'].map((name) => stampOf(path.join(run, name))).join(' '),
  };
  const known = { model: stamps.model(), run: stamps.run() };
  while (on()) {
    await pause(times.look);
    for (const what of ['model', 'run'] as const) {
      const now = stamps[what]();
      if (now === known[what]) continue;
      known[what] = now;
      told[what]++;
      await live.changed(what);
    }
    // What a test wants to know of a page would be all that grows.
    for (const list of [live.calls, live.answers, live.cancelled]) list.length = 0;
  }
}

async function pressKeys(live: EnginePage, on: () => boolean): Promise<void> {
  for (let at = 0; on(); at++) {
    await pause(times.key);
    await live.page.keyboard.press(keys[at % keys.length]!);
  }
}

async function measure(
  devtools: CDPSession,
  { engine }: EngineWindow,
): Promise<Omit<Sample, 'minutes' | 'checkpoints'>> {
  await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize } = await devtools.send('Runtime.getHeapUsage');
  const { nodes } = await devtools.send('Memory.getDOMCounters');
  collect();
  return {
    engine: residentOf(engine.pid!),
    page: usedSize / 1e6,
    host: process.memoryUsage().heapUsed / 1e6,
    nodes: nodes / 1000,
  };
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function residentOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return (Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024) / 1e6;
}

/** Empty where there is no file, as while it is replaced. */
function stampOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat ? `${stat.size} ${stat.mtimeMs}` : '';
}
