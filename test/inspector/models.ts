/**
 * Five models to try views on: our runs on digits, MNIST and two moons, and two that other libraries trained.
 * They are trained once before the tests (scripts/test-models.mjs); each suite works on a copy.
 */
import assert from 'node:assert/strict';
import { cpSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Frame } from 'playwright-core';
import { parseDataConfig } from '../../src/config/parse';
import { openDataset } from '../../src/data/open/open';
import { result } from './frame';
import { patience, until } from './until';
import type { InspectorWindow } from './window';
import { thorough, tried } from '../tried';

export interface Model {
  name: string;
  /** Height, width and channels of an image; the one extent of a vector. */
  shape: readonly number[];
  /** Gray levels of an image. */
  levels?: number;
  /** Steps of the checkpoints of its run, ascending; none where another library trained it. */
  steps: readonly number[];
  /** Its checkpoint; of our runs that of a step, the last unless told. */
  file: (step?: number) => string;
}

let place: string | undefined;

/** Copies the models to a folder, where a suite may change and add files; without them it is for the suite's own. */
export function placeModels(folder: string, trained = true): void {
  place = folder;
  if (!trained) return;
  const made = process.env['FLOWSCOPE_TEST_MODELS'];
  assert.ok(made, 'FLOWSCOPE_TEST_MODELS is not set: start the tests with npm test');
  // What is there already was placed by a suite before.
  cpSync(made, folder, { recursive: true, force: false });
}

export function folder(...names: string[]): string {
  assert.ok(place, 'the models have no place yet');
  return path.join(place, ...names);
}

export const root = (): string => process.env['FLOWSCOPE_TEST_ROOT'] ?? process.cwd();

export const fixture = (...names: string[]): string => path.join(root(), 'test', 'fixtures', ...names);

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
  { name: 'digits', shape: [8, 8, 1], levels: 17, ...trained('gray', [100, 200, 300]) },
  { name: 'MNIST', shape: [28, 28, 1], levels: 256, ...trained('handwritten', [20, 40]) },
  { name: 'two moons', shape: [2], ...trained('crescents', [500, 1000, 1500]) },
  { name: 'a flow of nflows', shape: [2], ...foreign('nflows-2d') },
  { name: 'a flow of chrischute', shape: [8, 8, 3], levels: 256, ...foreign('chrischute-rgb') },
];

/** All five, or ours of pictures and another library's of vectors. */
export const everyModel = tried(
  'inspector/models',
  models,
  ({ name }) => name === 'digits' || name === 'a flow of nflows',
);

/**
 * The models that what holds for all of them is tried on. MNIST is left to releases, because its views are those of digits,
 * only slower, but for the layers of its padded pictures.
 */
export const triedOn = everyModel.filter(({ name }) => thorough || name !== 'MNIST');

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

/**
 * Opens one and waits until the bar has a number and the strip is worked out.
 * @param finite false for flows whose likelihood is no number
 */
export async function openModel(
  window: InspectorWindow,
  model: Model,
  step?: number,
  finite = true,
): Promise<Frame> {
  // Where the likelihood is no number, the bar says so instead of a result.
  const frame = await window.open(model.file(step), finite ? '[data-result]' : '.flow [data-layer]');
  await frame.locator('.flow[aria-busy=false]').waitFor();
  if (finite) await until('a result', async () => Number.isFinite(await result(frame).catch(() => NaN)));
  return frame;
}

const panelNames: Record<string, string> = {
  '.layer': 'Layer',
  '.gallery': 'Gallery',
  '.diag': 'Diagnostics',
};

/** Chooses a tab of a region: `.layer`, `.gallery` or `.diag`; also where its panel has not its turn, or it is under "More". */
export async function showTab(page: Pick<Frame, 'locator'>, region: string, title: string): Promise<void> {
  const panel = page.locator(region);
  await panel.getByRole('tablist', { includeHidden: true }).waitFor({ state: 'attached' });
  const tab = panel.getByRole('tab', { name: title, exact: true });
  const press = async (): Promise<void> => {
    if (!(await panel.isVisible()))
      await page
        .locator('.panel-switch:visible')
        .getByRole('radio', { name: panelNames[region]!, exact: true })
        .click({ timeout: patience(5000) });
    if (await tab.isVisible()) return tab.click({ timeout: patience(5000) });
    await panel.locator('.plain-menu').click({ timeout: patience(5000) });
    await panel.getByRole('menuitem', { name: title, exact: true }).click({ timeout: patience(5000) });
  };
  // Right after another size, the page may hide the panel, or the row the tab that was about to be clicked.
  await press().catch(press);
}

/**
 * Clicks a sample of a two-dimensional flow in the gallery, as near to the middle of the picture as one stands.
 * @returns its number
 */
export async function pickSample(frame: Frame): Promise<number> {
  const board = frame.locator('.gallery canvas[data-name=samples]');
  await board.scrollIntoViewIfNeeded();
  const { width, height } = (await board.boundingBox())!;
  const probe = frame.locator('[data-probe=example]');
  // A click takes the nearest sample up to 6 pixels away.
  const steps = [...Array(9).keys()].map((i) => 10 * (i - 4));
  const places = steps.flatMap((x) => steps.map((y) => ({ x, y })));
  for (const { x, y } of places.sort((a, b) => Math.hypot(a.x, a.y) - Math.hypot(b.x, b.y))) {
    await board.click({ position: { x: width / 2 + x, y: height / 2 + y } });
    if (await probe.isVisible()) return Number(/\d+/.exec(await probe.innerText())![0]);
  }
  throw new Error('no sample near the middle of the picture');
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
