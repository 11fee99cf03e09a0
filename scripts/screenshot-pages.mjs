// The pages that screenshots are taken of: the inspector as a saved page.
import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { chromium } from 'playwright-core';
import { ensureBrowser } from './browser.mjs';
import { root } from './esbuild-options.mjs';
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
