/** The inspector's page in a browser, with the engine's own process behind it: all of the product but VS Code's window. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { createBirpc } from 'birpc';
import { type Browser, type BrowserContext, chromium, type Frame, type Page } from 'playwright-core';
import { OtherModels } from '../../../src/extension/editor/other-models';
import { EngineProcess } from '../../../src/extension/engine/engine-process';
import { inspectorHtml } from '../../../src/inspector-html/shell';
import type { ModelSummary } from '../../../src/protocol/model';
import type { PageApi, PageHost } from '../../../src/protocol/webview';
import type { InspectorAnswer, InspectorMethod, InspectorQuery } from '../../../src/protocol/inspect';
import { decode, encode } from '../../../src/protocol/wire';
import { root } from '../../inspector/models';
import { patience, until } from '../../inspector/until';
import type { InspectorWindow } from '../../inspector/window';
import { browserArguments } from './browser-arguments';
import { nonce } from './recorded';

/** In a secure context, which the clipboard needs; answered by the test itself. */
const origin = 'http://localhost';

/** Gives the page the one function that VS Code gives it. */
function channel(): void {
  const kept = (): unknown => JSON.parse(sessionStorage.getItem('state') ?? 'null') as unknown;
  const ends = window as unknown as {
    toHost(message: unknown): Promise<void>;
    fromHost(message: unknown): void;
    acquireVsCodeApi(): unknown;
  };
  ends.fromHost = (message) => void window.dispatchEvent(new MessageEvent('message', { data: message }));
  ends.acquireVsCodeApi = () => ({
    postMessage: (message: unknown) => void ends.toHost(message),
    getState: kept,
    setState: (state: unknown) => sessionStorage.setItem('state', JSON.stringify(state)),
  });
}

interface Save {
  bytes: Uint8Array;
  accept(): void;
}

export class EngineWindow implements InspectorWindow {
  private readonly pages: Page[] = [];
  private readonly others = new OtherModels<EngineProcess>();
  private readonly saves: Save[] = [];
  private chosen: ((file: string) => void) | undefined;
  /** Folders of the runs that the page may compare with. */
  runs: string[] = [];
  private log: string[] = [];

  private constructor(
    private readonly browser: Browser,
    private readonly context: BrowserContext,
    readonly engine: EngineProcess,
    private readonly bundle: { script: string; style: string },
  ) {}

  static async start(): Promise<EngineWindow> {
    const log: string[] = [];
    const engine = new EngineProcess({
      script: path.join(root(), 'dist', 'engine.js'),
      env: {},
      name: 'engine',
      events: {},
      log: (line) => log.push(line),
    });
    const built = path.join(root(), 'dist', 'webview');
    const read = (name: string): string => fs.readFileSync(path.join(built, name), 'utf8');
    const browser = await chromium.launch({
      executablePath: process.env['CHROMIUM'] || undefined,
      args: browserArguments,
    });
    const context = await browser.newContext({
      // An editor beside the side bar of a window of 1440×900.
      viewport: { width: 1092, height: 800 },
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    context.setDefaultTimeout(patience(90_000));
    const bundle = { script: read('inspector.js'), style: read('inspector.css') };
    const window = new EngineWindow(browser, context, engine, bundle);
    window.log = log;
    // As whoever watches the tests ends one that hangs.
    process.once('SIGTERM', () => void window.lastWords());
    return window;
  }

  get page(): Page {
    const page = this.pages.at(-1);
    assert.ok(page, 'no page is open');
    return page;
  }

  async open(file: string, selector: string): Promise<Frame> {
    const page = await this.context.newPage();
    this.pages.push(page);
    const summary = this.engine.api.open(file);
    let receive: (message: unknown) => void = () => undefined;
    const rpc = createBirpc<PageApi, PageHost>(this.host(file, summary), {
      post: (message) => {
        // An answer that comes after the page was closed is for nobody.
        page
          .evaluate((data) => {
            (window as unknown as { fromHost(message: unknown): void }).fromHost(data);
          }, message)
          .catch(() => undefined);
      },
      on: (listener) => (receive = listener),
      serialize: encode,
      deserialize: decode,
      eventNames: ['changed', 'select', 'act', 'outlined'],
      timeout: -1,
    });
    page.once('close', () => {
      rpc.$close();
      void summary.then(({ id }) => this.engine.api.close(id)).catch(() => undefined);
    });
    await page.exposeFunction('toHost', (message: unknown) => {
      receive(message);
    });
    await page.addInitScript(channel);
    const html = inspectorHtml({
      title: path.basename(file),
      nonce,
      inlineScript: this.bundle.script,
      inlineStyle: this.bundle.style,
    }).replace('<body>', '<body class="standalone vscode-dark" data-vscode-theme-kind="vscode-dark">');
    await page.route(`${origin}/**`, (route) => route.fulfill({ contentType: 'text/html', body: html }));
    await page.goto(`${origin}/`);
    await page.locator(selector).first().waitFor();
    return page.mainFrame();
  }

  /** As the extension's own page session answers, without its dialogs. */
  private host(file: string, opening: Promise<ModelSummary>): PageHost {
    const { api } = this.engine;
    const id = `${this.pages.length}-${Math.random().toString(36).slice(2)}`;
    const nothing = async (): Promise<void> => undefined;
    return {
      ask: async <M extends InspectorMethod>(
        method: M,
        query: InspectorQuery<M>,
        token: string,
        of?: string,
      ): Promise<InspectorAnswer<M>> => {
        const own = await opening;
        // A message holds null where the page gave undefined.
        const other = of ?? own.path;
        if (other === own.path) return api.ask(own.id, method, query, `${id}/${token}`);
        return this.others.use(this.engine, other, (_, { id: otherId }) =>
          api.ask(otherId, method, query, `${id}/${token}`),
        );
      },
      cancel: (token) => api.cancel(`${id}/${token}`),
      showLog: nothing,
      command: nothing,
      openCheckpoint: nothing,
      outline: nothing,
      selected: nothing,
      copyText: nothing,
      chooseModel: () => this.dialog(),
      chooseData: () => this.dialog(),
      comparables: async () => {
        const own = (await opening).runFolder;
        const runs = await api.runCheckpoints(this.runs.filter((folder) => folder !== own));
        const recent = this.recent.filter((other) => other !== file);
        return { runs, recent };
      },
      control: async (request) => {
        const { runFolder } = await opening;
        assert.ok(runFolder, `${file} lies in no run`);
        return api.control(runFolder, request);
      },
      save: (_, bytes) => new Promise((resolve) => this.saves.push({ bytes, accept: () => resolve(true) })),
    };
  }

  private readonly recent: string[] = [];

  private dialog(): Promise<string> {
    return new Promise((resolve) => (this.chosen = resolve));
  }

  async chooseFile(file: string): Promise<void> {
    const choose = await until('a file dialog', () => this.chosen);
    this.chosen = undefined;
    if (!this.recent.includes(file)) this.recent.unshift(file);
    choose(file);
  }

  async acceptSave(): Promise<Buffer> {
    const save = await until('a save dialog', () => this.saves.shift());
    save.accept();
    return Buffer.from(save.bytes);
  }

  async reduceMotion(reduced: boolean): Promise<void> {
    await this.page.evaluate((on) => document.body.classList.toggle('vscode-reduce-motion', on), reduced);
  }

  /** Gives the page the look of a theme, as VS Code does when it changes. */
  async setTheme(kind: 'vscode-dark' | 'vscode-light' | 'vscode-high-contrast'): Promise<void> {
    await this.page.evaluate((theme) => {
      const kinds = ['vscode-dark', 'vscode-light', 'vscode-high-contrast'];
      document.body.classList.remove(...kinds);
      document.body.classList.add(theme);
      document.body.dataset['vscodeThemeKind'] = theme;
    }, kind);
  }

  /** As the command writes a saved page. */
  async exportHtml(model: string, output: string): Promise<void> {
    const { api } = this.engine;
    const { id } = await api.open(model);
    await api.exportHtml(id, output, 'saved page');
    await api.close(id);
  }

  async screenshot(name: string): Promise<void> {
    await this.page.screenshot({
      path: path.join(this.artifacts(), `${name.replace(/[^\w.-]+/g, '-')}.png`),
    });
  }

  /** Pictures of the pages and the engine's log, from a test that is ended because it hangs. */
  private async lastWords(): Promise<never> {
    for (const page of this.pages) {
      const file = path.join(this.artifacts(), `hang-${process.pid}-${this.pages.indexOf(page) + 1}.png`);
      await page.screenshot({ path: file, timeout: 10_000 }).then(
        () => console.error(`the page as it was: ${file}`),
        () => undefined,
      );
    }
    console.error(this.log.slice(-40).join('\n'));
    process.exit(1);
  }

  private artifacts(): string {
    const folder = path.join(root(), 'artifacts', 'browser');
    fs.mkdirSync(folder, { recursive: true });
    return folder;
  }

  async closePages(): Promise<void> {
    for (const page of this.pages.splice(0)) await page.close();
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.engine.stop();
  }
}
