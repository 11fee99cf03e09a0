/** What every suite does with the engine's window: starts it, keeps a picture where a test fails, and ends it. */
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
}

/** Adds the hooks to the suite that calls. */
export function inWindow(
  begin: (window: EngineWindow) => unknown,
  { files, keepsPages = false }: WindowOptions = {},
): void {
  let window: EngineWindow | undefined;
  let place = '';

  before(async () => {
    place = mkdtempSync(path.join(os.tmpdir(), 'flowscope-models-'));
    placeModels(place);
    if (files) mkdirSync(files(), { recursive: true });
    window = await EngineWindow.start();
    window.runs = models
      .filter(({ steps }) => steps.length > 0)
      .map((model) => path.dirname(path.dirname(model.file())));
    await begin(window);
  });
  afterEach(async (context) => {
    if (!(context as TestContext & { passed?: boolean }).passed)
      await window?.screenshot(`failed-${context.name.slice(0, 80)}`).catch(() => undefined);
    if (!keepsPages) await window?.closePages();
  });
  after(async () => {
    await window?.close();
    rmSync(place, { recursive: true, force: true, maxRetries: 3 });
  });
}
