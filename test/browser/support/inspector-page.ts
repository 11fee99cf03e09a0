/** Opens the inspector in a real browser and watches what must not happen: errors, policy violations, requests. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import esbuild from 'esbuild';
import { chromium, type Browser, type Page } from 'playwright-core';
import { inspectorHtml } from '../../../src/inspector-html/shell';
import type { RecordedPage } from '../../../src/protocol/webview';
import { nonce, writeRecorded, type Bundle } from './recorded';
import type {} from './preview-host';
import type { ToyHost } from './toy-host';
import type { ToyOptions } from './toy-flow';

export type ThemeName = 'light' | 'dark' | 'high-contrast';

export interface OpenOptions {
  theme?: ThemeName;
  width?: number;
  height?: number;
  reducedMotion?: boolean;
  /** Language of VS Code. */
  language?: string;
}

export interface Inspector {
  page: Page;
  /** Console errors, exceptions, policy violations and requests so far. */
  problems: string[];
  close(): Promise<void>;
}

const root = process.cwd();

export class InspectorBrowser {
  private constructor(
    readonly browser: Browser,
    readonly bundle: Bundle,
    readonly host: string,
    readonly folder: string,
  ) {}

  static async start(): Promise<InspectorBrowser> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flowscope-browser-'));
    const { browserOptions } = (await import(path.join(root, 'scripts', 'esbuild-options.mjs'))) as {
      browserOptions: esbuild.BuildOptions;
    };
    const define = { 'process.env.NODE_ENV': '"production"' };
    await esbuild.build({
      ...browserOptions,
      define,
      entryPoints: {
        inspector: 'webview/app/main.tsx',
        preview: 'webview/preview/main.tsx',
        'toy-host': 'test/browser/support/toy-host.ts',
        'preview-host': 'test/browser/support/preview-host.ts',
      },
      outdir: folder,
    });
    const read = (name: string): string => fs.readFileSync(path.join(folder, name), 'utf8');
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--host-resolver-rules=MAP * ~NOTFOUND',
      ],
    });
    return new InspectorBrowser(
      browser,
      { script: read('inspector.js'), style: read('inspector.css') },
      read('toy-host.js'),
      folder,
    );
  }

  async stop(): Promise<void> {
    await this.browser.close();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  /** A saved page, opened from its file. */
  async openRecorded(recorded: RecordedPage, options: OpenOptions = {}): Promise<Inspector> {
    const file = writeRecorded(
      this.folder,
      `page-${Math.random().toString(36).slice(2)}`,
      this.bundle,
      recorded,
      options.theme,
    );
    return this.#open(file, options, undefined);
  }

  /** The data preview as its panel shows it. */
  async openPreview(start: Window['previewStart'], options: OpenOptions = {}): Promise<Inspector> {
    const read = (name: string): string => fs.readFileSync(path.join(this.folder, name), 'utf8');
    const bundle = { script: read('preview.js'), style: read('preview.css') };
    return this.#openInTheme(
      bundle,
      options,
      `window.previewStart=${JSON.stringify(start)};${read('preview-host.js')}`,
    );
  }

  /** The page as the editor shows it, with the toy flow at the other end of the message channel. */
  async openLive(
    toy: ToyOptions & { errors?: ToyHost['errors']; delays?: ToyHost['delays'] },
    options: OpenOptions = {},
  ): Promise<Inspector> {
    return this.#openInTheme(this.bundle, options, `window.toyOptions=${JSON.stringify(toy)};${this.host}`);
  }

  /** In the editor VS Code injects the theme's variables; here the style sheet for stand-alone pages does. */
  async #openInTheme({ script, style }: Bundle, options: OpenOptions, init: string): Promise<Inspector> {
    const file = path.join(this.folder, `live-${Math.random().toString(36).slice(2)}.html`);
    const theme = options.theme ?? 'dark';
    const { language } = options;
    const html = inspectorHtml({
      title: 'live',
      nonce,
      inlineScript: script,
      inlineStyle: style,
      language,
    }).replace(
      '<body>',
      `<body class="standalone vscode-${theme}" data-vscode-theme-kind="vscode-${theme}">`,
    );
    fs.writeFileSync(file, html);
    return this.#open(file, options, init);
  }

  async #open(file: string, options: OpenOptions, initScript: string | undefined): Promise<Inspector> {
    const context = await this.browser.newContext({
      viewport: { width: options.width ?? 1280, height: options.height ?? 800 },
      reducedMotion: options.reducedMotion ? 'reduce' : 'no-preference',
      acceptDownloads: true,
    });
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('console', (message) => {
      // The tests read pixels back, which the browser remarks upon; the page itself draws only.
      if (message.text().startsWith('Canvas2D: Multiple readback')) return;
      if (message.type() === 'error' || message.type() === 'warning')
        problems.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => problems.push(`exception: ${error.stack ?? error.message}`));
    page.on('request', (request) => {
      if (!request.url().startsWith('file:') && !request.url().startsWith('blob:'))
        problems.push(`request: ${request.url()}`);
    });
    await page.addInitScript(
      `document.addEventListener('securitypolicyviolation', (e) => console.error('policy: ' + e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sample));`,
    );
    if (initScript) await page.addInitScript(initScript);
    await page.goto(`file://${file}`);
    return {
      page,
      problems,
      async close() {
        await context.close();
        assert.deepEqual(problems, []);
      },
    };
  }
}

/** Colour of the canvas pixel in the middle of cell (row, column) of a map with so many cells. */
export async function cellColour(
  page: Page,
  selector: string,
  cell: { row: number; column: number; rows: number; columns: number },
): Promise<[number, number, number]> {
  return page
    .locator(selector)
    .first()
    .evaluate((element, { row, column, rows, columns }) => {
      const canvas = element as HTMLCanvasElement;
      const x = Math.floor(((column + 0.5) / columns) * canvas.width);
      const y = Math.floor(((row + 0.5) / rows) * canvas.height);
      const [r = 0, g = 0, b = 0] = canvas.getContext('2d')!.getImageData(x, y, 1, 1).data;
      return [r, g, b] as [number, number, number];
    }, cell);
}

export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = path.join(root, 'artifacts', 'screenshots');
  fs.mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`) });
}

/** A number as the page writes it. */
export function parseNumber(text: string): number {
  return Number(text.replace('−', '-').replace('+', '').replaceAll(',', '').trim());
}
