/**
 * The five models that every view is tried on: our runs on digits, MNIST and two moons, trained here, and two that other
 * libraries trained. Made by the first suite for all.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Frame } from 'playwright-core';
import * as vscode from 'vscode';
import { parseDataConfig } from '../../src/config/parse';
import { openDataset } from '../../src/data/open';
import { api, until, workspaceFolder } from '../extension/ours';
import { result } from './inspector-frame';
import type { Workbench } from './workbench';

export interface Model {
  name: string;
  /** Height, width and channels of an image; the one extent of a vector. */
  shape: readonly number[];
  /** Grey levels of an image. */
  levels?: number;
  /** Steps of the checkpoints of its run, ascending; none where another library trained it. */
  steps: readonly number[];
  /** Its checkpoint; of our runs that of a step, the last unless told. */
  file: (step?: number) => string;
}

export const folder = (...names: string[]): string => path.join(workspaceFolder().fsPath, 'five', ...names);

export const fixture = (...names: string[]): string =>
  path.join(process.env['FLOWSCOPE_TEST_ROOT']!, 'test', 'fixtures', ...names);

const trained = (run: string, steps: readonly number[]): Pick<Model, 'steps' | 'file'> => ({
  steps,
  file: (step = steps.at(-1)!) =>
    folder(run, 'checkpoints', `step-${String(step).padStart(8, '0')}.flow.safetensors`),
});
const foreign = (peer: string): Pick<Model, 'steps' | 'file'> => ({
  steps: [],
  file: () => folder(`${peer}.pt`),
});

export const models: readonly Model[] = [
  { name: 'digits', shape: [8, 8, 1], levels: 17, ...trained('grey', [100, 200, 300]) },
  { name: 'MNIST', shape: [28, 28, 1], levels: 256, ...trained('handwritten', [20, 40]) },
  { name: 'two moons', shape: [2], ...trained('crescents', [500, 1000, 1500]) },
  { name: 'a flow of nflows', shape: [2], ...foreign('nflows-2d') },
  { name: 'a flow of chrischute', shape: [8, 8, 3], levels: 256, ...foreign('chrischute-rgb') },
];

export const isImage = ({ shape }: Model): boolean => shape.length === 3;

/** Examples of the data that a run was trained on, in data units as the files hold them; all of them unless told. */
export async function examplesOf(
  model: Model,
  split: 'train' | 'validation',
  indices?: readonly number[],
): Promise<Float32Array[]> {
  const config = path.join(path.dirname(model.file()), '..', 'config.json');
  const { data } = JSON.parse(readFileSync(config, 'utf8')) as { data: unknown };
  const set = await openDataset(parseDataConfig(data, config), folder());
  try {
    const { size, count } = set[split];
    const values = await set[split].read(indices ?? [...Array(count).keys()]);
    return Array.from({ length: values.length / size }, (_, i) => values.slice(i * size, (i + 1) * size));
  } finally {
    await set.close();
  }
}

/** Configurations of the runs, by their names. */
const runs = {
  grey: {
    data: { source: 'digits' },
    model: { kind: 'image', height: 8, width: 8, channels: 1, levels: 17, scales: 2, base: 8, blocks: 1 },
    training: { steps: 300, batch: 64, learningRate: 4e-3, validateEvery: 50, checkpointEvery: 100 },
  },
  handwritten: {
    data: { source: 'mnist-400.npz', validation: 64 },
    model: { kind: 'image', height: 28, width: 28, channels: 1, levels: 256, scales: 2, base: 8, blocks: 1 },
    training: { steps: 40, batch: 32, learningRate: 4e-3, validateEvery: 20, checkpointEvery: 20 },
  },
  crescents: {
    data: { source: 'moons' },
    model: { kind: 'vector', dim: 2 },
    training: { steps: 1500, validateEvery: 250, checkpointEvery: 500 },
  },
};

/** Trains and copies them where no suite did before: each is a bundle of its own, and only the files are there for all. */
export async function makeModels(): Promise<void> {
  if (models.every(({ file }) => existsSync(file()))) return;
  const flowscope = await api();
  mkdirSync(folder(), { recursive: true });
  for (const [peer, library, answers] of [
    ['nflows-2d', 'nflows', { scaleActivation: 'sigmoid', activation: 'relu' }],
    ['chrischute-rgb', 'chrischute', { height: 8, width: 8, levels: 256 }],
  ] as const) {
    copyFileSync(fixture('peers', peer, 'state_dict.pt'), folder(`${peer}.pt`));
    writeFileSync(folder(`${peer}.pt.flowscope.json`), JSON.stringify({ library, answers }));
  }
  copyFileSync(fixture('data', 'mnist-400.npz'), folder('mnist-400.npz'));
  for (const [run, config] of Object.entries(runs)) {
    const file = folder(`${run}.flow.json`);
    writeFileSync(file, JSON.stringify(config));
    await vscode.commands.executeCommand('flowscope.trainConfig', vscode.Uri.file(file), {
      output: folder(run),
    });
  }
  await until('their runs', () => flowscope.enginePids().trainings.length === 0, 240_000);
  await vscode.commands.executeCommand('notifications.clearAll');
}

/**
 * Opens one and waits until the bar has a number and the strip is worked out.
 * @param finite false for flows whose likelihood is no number
 */
export async function openModel(
  workbench: Workbench,
  model: Model,
  step?: number,
  finite = true,
): Promise<Frame> {
  const file = model.file(step);
  void vscode.commands.executeCommand(
    model.steps.length > 0 ? 'flowscope.openInInspector' : 'flowscope.openModel',
    vscode.Uri.file(file),
  );
  await until(
    'the editor',
    () => vscode.window.tabGroups.activeTabGroup.activeTab?.label === path.basename(file),
  );
  // Where the likelihood is no number, the bar says so instead of a result.
  const frame = await workbench.webview(finite ? '[data-result]' : '.flow [data-layer]');
  await frame.locator('.flow[aria-busy=false]').waitFor();
  if (finite) await until('a result', async () => Number.isFinite(await result(frame).catch(() => NaN)));
  return frame;
}

/** Chooses a tab of a region: `.layer`, `.gallery` or `.diag`. */
export async function showTab(frame: Frame, region: string, title: string): Promise<void> {
  await frame.locator(region).getByRole('tab', { name: title, exact: true }).click();
}

/** The text of the first that the selector finds, once it says what is expected. */
export function untilWords(frame: Frame, selector: string, says: RegExp): Promise<string> {
  return until(`${String(says)} in ${selector}`, async () => {
    const text = await frame
      .locator(selector)
      .first()
      .innerText()
      .catch(() => '');
    return says.test(text) && text;
  });
}
