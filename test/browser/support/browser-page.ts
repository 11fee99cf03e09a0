/** What all tests in a browser share: how it is started, how a page is opened and spoken to, and what no page may do. */
import fs from 'node:fs';
import path from 'node:path';
import { type BirpcReturn, createBirpc } from 'birpc';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { inspectorHtml } from '../../../src/inspector-html/shell';
import { decode, encode } from '../../../src/protocol/wire';
import { root } from '../../inspector/models';
import { provideDrawn } from './drawn';

export type ThemeName = 'light' | 'dark' | 'high-contrast';

export interface PageOptions {
  theme?: ThemeName;
  width?: number;
  height?: number;
  reducedMotion?: boolean;
  /** Language of VS Code. */
  language?: string;
}

export interface WatchedPage {
  page: Page;
  /** Console errors, exceptions, policy violations and requests so far. */
  problems: string[];
}

/** In a secure context, which the clipboard needs; answered by the test itself. */
const origin = 'http://localhost';
const nonce = 'dGVzdC1ub25jZS10ZXN0LW5vbmNl';

/** Without a window, without a GPU, and without a word to anyone outside. */
export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['CHROMIUM'] || undefined,
    // As windows have them.
    ignoreDefaultArgs: ['--hide-scrollbars'],
    args: [
      '--no-sandbox',
      '--disable-gpu',
      // One process for all pages: the next one finds the code of the page compiled.
      '--renderer-process-limit=1',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost',
    ],
  });
}

/** A page that stays: with the last one the process of the pages would end. */
export async function keepWarm(context: BrowserContext): Promise<void> {
  await context.newPage();
}

/** A page that is open to nothing yet. */
export async function watchedPage(context: BrowserContext, options: PageOptions = {}): Promise<WatchedPage> {
  const page = await context.newPage();
  const { width, height, reducedMotion } = options;
  if (width && height) await page.setViewportSize({ width, height });
  if (reducedMotion) await page.emulateMedia({ reducedMotion: 'reduce' });
  const problems: string[] = [];
  page.on('console', (message) => {
    // The tests read pixels back, which the browser remarks upon; the page itself draws only.
    if (message.text().startsWith('Canvas2D: Multiple readback')) return;
    if (message.type() === 'error' || message.type() === 'warning')
      problems.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => problems.push(`exception: ${error.stack ?? error.message}`));
  page.on('request', (request) => {
    if (!/^(file|blob|data):/.test(request.url()) && request.url() !== `${origin}/`)
      problems.push(`request: ${request.url()}`);
  });
  await page.addInitScript(provideDrawn);
  await page.addInitScript(() =>
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) =>
      console.error(`policy: ${violatedDirective} ${blockedURI} ${sample}`),
    ),
  );
  return { page, problems };
}

/** Gives the page the one function that VS Code gives it. */
function channel(): void {
  // As in VS Code, it outlives the document.
  const kept = (): unknown => JSON.parse(sessionStorage.getItem('state') ?? 'null') as unknown;
  const ends = window as unknown as {
    toHost(message: unknown): Promise<void>;
    fromHost(message: unknown): void;
    acquireVsCodeApi(): unknown;
  };
  let acquired = false;
  ends.fromHost = (message) => void window.dispatchEvent(new MessageEvent('message', { data: message }));
  ends.acquireVsCodeApi = () => {
    if (acquired) throw new Error('An instance of the VS Code API has already been acquired');
    acquired = true;
    return {
      postMessage: (message: unknown) => void ends.toHost(message),
      getState: kept,
      setState: (state: unknown) => sessionStorage.setItem('state', JSON.stringify(state)),
    };
  };
}

/** What the page kept last. */
export function keptState(page: Page): Promise<unknown> {
  return page.evaluate(() => JSON.parse(sessionStorage.getItem('state') ?? 'null') as unknown);
}

/** Opens one of the product's pages with `host` at the other end of its channel. */
export async function openWithHost<PageSide extends object, Host extends object>(
  page: Page,
  built: 'inspector' | 'preview',
  title: string,
  host: Host,
  eventNames: (keyof PageSide & string)[],
  { theme = 'dark', language }: PageOptions = {},
): Promise<BirpcReturn<PageSide, Host>> {
  let receive: (message: unknown) => void = () => undefined;
  const rpc = createBirpc<PageSide, Host>(host, {
    post: (message) => {
      // An answer that comes after the page was closed is for nobody.
      page
        .evaluate((data) => {
          (window as unknown as { fromHost(message: unknown): void }).fromHost(data);
        }, message as unknown)
        .catch(() => undefined);
    },
    on: (listener) => (receive = listener),
    serialize: encode,
    deserialize: decode,
    eventNames,
    timeout: -1,
  });
  page.once('close', () => rpc.$close());
  await page.exposeFunction('toHost', (message: unknown) => {
    receive(message);
  });
  await page.addInitScript(channel);
  // Without its source map, which is three times as large and would be sent to each page.
  const read = (ending: string): string =>
    fs
      .readFileSync(path.join(root(), 'dist', 'webview', `${built}.${ending}`), 'utf8')
      .replace(/\n\/\/# sourceMappingURL=data:.*/, '');
  // In the editor VS Code injects the theme's variables; here the style sheet for stand-alone pages does.
  const html = inspectorHtml({
    title,
    nonce,
    ...(language ? { language } : {}),
    inlineScript: read('js'),
    inlineStyle: read('css'),
  }).replace('<body>', `<body class="standalone vscode-${theme}" data-vscode-theme-kind="vscode-${theme}">`);
  await page.route(`${origin}/**`, (route) => route.fulfill({ contentType: 'text/html', body: html }));
  await page.goto(`${origin}/`);
  return rpc;
}

/** Color of the canvas pixel in the middle of cell (row, column) of a map with so many cells. */
export async function cellColor(
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
  const folder = path.join(root(), 'artifacts', 'screenshots');
  fs.mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`) });
}

/** Gives the page rules beside its own, which its policy allows no style element for; with none it looks as it did. */
export function restyle(page: Pick<Page, 'evaluate'>, rules = ''): Promise<void> {
  return page.evaluate((css) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    document.adoptedStyleSheets = [sheet];
  }, rules);
}
