/** The inspector's page in a browser, with the engine's own process behind it: all of the product but VS Code's window. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContext, Frame, Page } from 'playwright-core';
import { OtherModels } from '../../../src/extension/editor/other-models';
import { EngineProcess } from '../../../src/extension/engine/engine-process';
import { root } from '../../inspector/models';
import { patience, until } from '../../inspector/until';
import type { InspectorWindow } from '../../inspector/window';
import {
  keepWarm,
  launch,
  openWithHost,
  watchedPage,
  type PageOptions,
  type WatchedPage,
} from './browser-page';
import { EnginePage, type Faults } from './engine-page';

/** What suites of one process have in common: the first page of a browser, and of an engine, takes seconds. */
interface Started {
  browser: Browser;
  context: BrowserContext;
  engine: EngineProcess;
}

let started: Promise<Started> | undefined;

async function start(env: Record<string, string>): Promise<Started> {
  const log: string[] = [];
  // Before the engine, which would keep the test's process from ending where there is no browser.
  const browser = await launch();
  const engine = new EngineProcess({
    script: path.join(root(), 'dist', 'cli.js'),
    env,
    name: 'engine',
    events: {},
    log: (line) => log.push(line),
  });
  const context = await browser.newContext({
    // An editor beside the side bar of a window of 1440×900.
    viewport: { width: 1092, height: 800 },
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  context.setDefaultTimeout(patience(90_000));
  await keepWarm(context);
  // As whoever watches the tests ends one that hangs.
  process.once('SIGTERM', () => void lastWords(context.pages(), log));
  return { browser, context, engine };
}

/** Pictures of the pages and the engine's log, from a test that is ended because it hangs. */
async function lastWords(pages: readonly Page[], log: readonly string[]): Promise<never> {
  for (const [i, page] of pages.entries()) {
    const file = path.join(artifacts(), `hang-${process.pid}-${i}.png`);
    await page.screenshot({ path: file, timeout: 10_000 }).then(
      () => console.error(`the page as it was: ${file}`),
      () => undefined,
    );
  }
  console.error(log.slice(-40).join('\n'));
  process.exit(1);
}

function artifacts(): string {
  const folder = path.join(root(), 'artifacts', 'browser');
  fs.mkdirSync(folder, { recursive: true });
  return folder;
}

export class EngineWindow implements InspectorWindow {
  private readonly pages: WatchedPage[] = [];
  readonly others = new OtherModels<EngineProcess>(() => ({
    engine: () => this.engine,
    dispose: () => undefined,
  }));
  private readonly saves: { bytes: Uint8Array; accept(): void }[] = [];
  private chosen: ((file: string) => void) | undefined;
  /** Folders of the runs that the page may compare with. */
  runs: string[] = [];
  /** Files that were chosen to compare with, the last one first. */
  readonly recent: string[] = [];
  private readonly savedPages = new Map<string, Promise<string>>();

  private constructor(
    private readonly context: BrowserContext,
    readonly engine: EngineProcess,
    /** For the files of the suite. */
    readonly folder: string,
  ) {}

  static async open(folder: string, env: Record<string, string> = {}): Promise<EngineWindow> {
    const { context, engine } = await (started ??= start(env));
    return new EngineWindow(context, engine, folder);
  }

  /** Ends what all windows of this process have in common. */
  static async stop(): Promise<void> {
    const { browser, engine } = (await started) ?? {};
    started = undefined;
    await browser?.close();
    await engine?.stop();
  }

  get page(): Page {
    const last = this.pages.at(-1);
    assert.ok(last, 'no page is open');
    return last.page;
  }

  async open(file: string, selector: string): Promise<Frame> {
    const { page } = await this.openPage(file);
    await page.locator(selector).first().waitFor();
    return page.mainFrame();
  }

  /** Opens a file, with a host that does as `faults` say. */
  async openPage(file: string, options: PageOptions & Faults = {}): Promise<EnginePage> {
    const watched = await this.newPage(options);
    const opened = new EnginePage(watched.page, this, file, options);
    await opened.begin((host) =>
      openWithHost(
        watched.page,
        'inspector',
        path.basename(file),
        host,
        ['changed', 'select', 'act', 'answered'],
        options,
      ),
    );
    return opened;
  }

  private async newPage(options: PageOptions): Promise<WatchedPage> {
    const watched = await watchedPage(this.context, options);
    this.pages.push(watched);
    return watched;
  }

  /** The file dialog that a page asks for. */
  dialog(): Promise<string> {
    return new Promise((resolve) => (this.chosen = resolve));
  }

  async chooseFile(file: string): Promise<void> {
    const choose = await until('a file dialog', () => this.chosen);
    this.chosen = undefined;
    if (!this.recent.includes(file)) this.recent.unshift(file);
    choose(file);
  }

  /** Lists are VS Code's own. */
  chooseModel(file: string): Promise<void> {
    return this.chooseFile(file);
  }

  /** The save dialog that a page asks for. */
  save(bytes: Uint8Array): Promise<boolean> {
    return new Promise((resolve) => this.saves.push({ bytes, accept: () => resolve(true) }));
  }

  async acceptSave(): Promise<Buffer> {
    const save = await until('a save dialog', () => this.saves.shift());
    save.accept();
    return Buffer.from(save.bytes);
  }

  async reduceMotion(reduced: boolean): Promise<void> {
    await this.page.evaluate((on) => document.body.classList.toggle('vscode-reduce-motion', on), reduced);
  }

  /** Gives the page the look of a theme, as VS Code does when it changes: its light high-contrast theme has both classes. */
  async setTheme(
    kind: 'vscode-dark' | 'vscode-light' | 'vscode-high-contrast' | 'vscode-high-contrast-light',
  ): Promise<void> {
    await this.page.evaluate((theme) => {
      const both = theme === 'vscode-high-contrast-light' ? ['vscode-high-contrast'] : [];
      const kinds = ['vscode-dark', 'vscode-light', 'vscode-high-contrast', 'vscode-high-contrast-light'];
      document.body.classList.remove(...kinds);
      document.body.classList.add(theme, ...both);
      document.body.dataset['vscodeThemeKind'] = theme;
    }, kind);
  }

  /** As the command writes a saved page. */
  async exportHtml(model: string, output: string, comparedWith?: string): Promise<void> {
    const { api } = this.engine;
    const { id } = await api.open(model);
    const other = comparedWith === undefined ? undefined : await api.open(comparedWith);
    await api.exportHtml(id, output, 'saved page', other?.id);
    await api.close(id);
    if (other) await api.close(other.id);
  }

  /** The saved page of a model, which is written once. @param edit changes the text of the page */
  async openSaved(
    model: string,
    options: PageOptions & { comparedWith?: string; edit?: (html: string) => string } = {},
  ): Promise<Page> {
    const { comparedWith, edit, ...looks } = options;
    const key = `${model} ${comparedWith}`;
    const writing =
      this.savedPages.get(key) ??
      (async () => {
        const output = path.join(this.folder, `saved-${this.savedPages.size}.html`);
        await this.exportHtml(model, output, comparedWith);
        return output;
      })();
    this.savedPages.set(key, writing);
    let file = await writing;
    if (edit) {
      const edited = file.replace('.html', '-edited.html');
      fs.writeFileSync(edited, edit(fs.readFileSync(file, 'utf8')));
      file = edited;
    }
    const { page } = await this.newPage(looks);
    // A page that stands alone follows the system.
    await page.emulateMedia({ colorScheme: looks.theme === 'light' ? 'light' : 'dark' });
    await page.goto(pathToFileURL(file).href);
    return page;
  }

  async screenshot(name: string): Promise<void> {
    await this.page.screenshot({ path: path.join(artifacts(), `${name.replace(/[^\w.-]+/g, '-')}.png`) });
  }

  /** Resolves to what went wrong in them: errors in the console, exceptions, policy violations, requests. */
  async closePages(): Promise<string[]> {
    const closed = this.pages.splice(0);
    this.saves.length = 0;
    for (const { page } of closed) await page.close();
    // As with its document: the next test may have another file at the same path.
    this.others.clear();
    return closed.flatMap(({ problems }) => problems);
  }
}
