/** The data preview's page in a browser; its host answers with what the test has. */
import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import type { DataPreview, TableOverview } from '../../../src/protocol/data';
import type { TrainEstimate } from '../../../src/protocol/engine';
import type { PresetGroup, PreviewEvents, PreviewHost } from '../../../src/protocol/preview-page';
import { keptState, launch, openWithHost, watchedPage, type PageOptions } from './browser-page';

/** What the next question gets: the preview or the error, after so many milliseconds. */
export interface PreviewSide {
  preview?: DataPreview;
  overview?: TableOverview;
  presets?: PresetGroup[];
  estimate?: TrainEstimate;
  /** What an estimate waits for. */
  measured?: Promise<void>;
  error?: string;
  delay?: number;
}

export interface PreviewPage {
  page: Page;
  side: PreviewSide;
  calls: string[];
  changed(): void;
  state(): Promise<unknown>;
  /** Fails where the page did what no page may do. */
  close(): Promise<void>;
}

export class PreviewWindow {
  private constructor(private readonly browser: Browser) {}

  static async start(): Promise<PreviewWindow> {
    return new PreviewWindow(await launch());
  }

  stop(): Promise<void> {
    return this.browser.close();
  }

  async openPreview(side: PreviewSide, options: PageOptions = {}): Promise<PreviewPage> {
    const context = await this.browser.newContext();
    const { page, problems } = await watchedPage(context, { width: 1280, height: 800, ...options });
    const calls: string[] = [];
    const note = async (name: string): Promise<void> => void calls.push(name);
    const host: PreviewHost = {
      source: async () => '/data/of/a/test.csv',
      overview: async () => side.overview,
      presets: async () => side.presets ?? [],
      async estimate({ preset }) {
        await side.measured;
        if (!side.estimate) throw new Error(`${preset}: cannot be trained`);
        return side.estimate;
      },
      async preview(token, choice) {
        await note(choice ? `preview ${JSON.stringify(choice)}` : 'preview');
        const started = Date.now();
        const awaited = () => !page.isClosed() && !calls.includes(`cancel ${token}`);
        while (Date.now() - started < (side.delay ?? 0) && awaited())
          await new Promise((resolve) => setTimeout(resolve, 10));
        if (side.error !== undefined) throw new Error(side.error);
        assert.ok(side.preview, 'the test has a preview or an error');
        return side.preview;
      },
      cancel: (token) => note(`cancel ${token}`),
      showLog: () => note('showLog'),
      train: (choice) => note(`train ${JSON.stringify(choice)}`),
      saveConfig: (choice) => note(`save ${JSON.stringify(choice)}`),
    };
    const rpc = await openWithHost<PreviewEvents, PreviewHost>(
      page,
      'preview',
      'preview',
      host,
      ['changed'],
      options,
    );
    return {
      page,
      side,
      calls,
      changed: () => void rpc.changed(),
      state: () => keptState(page),
      async close() {
        await context.close();
        assert.deepEqual(problems, []);
      },
    };
  }
}
