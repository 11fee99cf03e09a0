// The pages that screenshots are taken of: the inspector as a saved page, the data preview with a host that answers.
import fs from 'node:fs';
import path from 'node:path';
import esbuild from 'esbuild';
import sharp from 'sharp';
import { chromium } from 'playwright-core';
import { ensureBrowser } from './browser.mjs';
import { browserOptions, root } from './esbuild-options.mjs';
import { run, Stop } from './run.mjs';

const cli = path.join(root, 'dist', 'cli.js');

function pageFile(name) {
  fs.mkdirSync(path.join(root, 'out'), { recursive: true });
  return path.join(root, 'out', `${name}.html`);
}

/** The browser that pictures are taken in. */
export async function openBrowser() {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--hide-scrollbars'];
  return chromium.launch({ executablePath: await ensureBrowser(), args });
}

/** As good as lossless to the eye, and a third of the size. */
export const smallPng = (picture) => sharp(picture).png({ palette: true, quality: 95, effort: 10 });

/** Resolves to what the command line prints. @throws Stop for other exit codes */
export async function flowscope(args, { cwd = process.cwd(), codes = [0] } = {}) {
  const { code, output } = await run(process.execPath, [cli, ...args, '--quiet'], { cwd, quiet: true });
  if (!codes.includes(code)) throw new Stop(output.trim());
  return output;
}

/** A file that ends in .html is a saved page already. */
export async function inspectorPage(source, name) {
  if (source.endsWith('.html')) return path.resolve(source);
  const page = pageFile(name);
  await flowscope(['inspect', source, '--output', page]);
  return page;
}

/** What the command line says of the data, given to the panel's page by the host that the tests use. */
export async function previewPage(source, name) {
  const page = pageFile(name);
  const sheetFile = page.replace(/\.html$/, '.png');
  const pictures = /"kind": *"image"/.test(await flowscope(['data', source, '--json']));
  const args = pictures ? ['--sheet', sheetFile] : [];
  const preview = JSON.parse((await flowscope(['data', source, '--json', ...args])).replace(/^[^{]*/, ''));
  if (pictures) {
    const { width, height } = await sharp(sheetFile).metadata();
    const { columns, examples } = preview.sheet;
    const png = fs.readFileSync(sheetFile).toString('base64');
    preview.sheet = { columns, examples, width, height, png };
  }
  const { outputFiles } = await esbuild.build({
    ...browserOptions,
    entryPoints: ['test/browser/support/preview-host.ts'],
    write: false,
  });
  const asset = (file) => fs.readFileSync(path.join(root, 'dist', 'webview', file), 'utf8');
  const script = (text) => `<script>${text.replaceAll('</script', '<\\/script')}</script>`;
  const start = JSON.stringify({ preview }).replaceAll('<', '\\u003c');
  fs.writeFileSync(
    page,
    `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>${name}</title><style>${asset('preview.css')}</style></head>
<body class="standalone vscode-dark"><div id="root"></div>
${script(`window.previewStart=${start}`)}
${script(outputFiles[0].text)}
${script(asset('preview.js'))}
</body></html>
`,
  );
  return page;
}
