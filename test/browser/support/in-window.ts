/** What every suite does with the engine's window: opens it, keeps a picture where a test fails, and closes it. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, before, type TestContext } from 'node:test';
import { models, placeModels } from '../../inspector/models';
import { EngineWindow } from './engine-window';

interface WindowOptions {
  /** A folder for the suite's files. */
  files?: () => string;
  /** Pages stay open from test to test. */
  keepsPages?: boolean;
  /** The suite makes models of its own, and needs none of those that were trained. */
  untrained?: boolean;
}

/** Suites of this process that still need a window. */
let waiting = 0;

/** Adds the hooks to the suite that calls. */
export function inWindow(
  begin: (window: EngineWindow) => unknown,
  { files, keepsPages = false, untrained = false }: WindowOptions = {},
): void {
  let window: EngineWindow | undefined;
  let place = '';
  waiting++;

  before(async () => {
    place = mkdtempSync(path.join(os.tmpdir(), 'flowscope-models-'));
    placeModels(place, !untrained);
    if (files) mkdirSync(files(), { recursive: true });
    window = await EngineWindow.open(place);
    if (!untrained)
      window.runs = models
        .filter(({ steps }) => steps.length > 0)
        .map((model) => path.dirname(path.dirname(model.file())));
    await begin(window);
  });
  afterEach(async (context) => {
    const { passed, name } = context as TestContext & { passed?: boolean };
    if (!passed) await window?.screenshot(`failed-${name.slice(0, 80)}`).catch(() => undefined);
    if (keepsPages) return;
    const problems = await window?.closePages();
    if (passed) assert.deepEqual(problems, []);
  });
  after(async () => {
    await window?.closePages();
    rmSync(place, { recursive: true, force: true, maxRetries: 3 });
    if (--waiting === 0) await EngineWindow.stop();
  });
}
