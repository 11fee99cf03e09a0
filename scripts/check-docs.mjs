// Looks at the built docs as a reader does: every page in a browser, dark and light, without findings of axe and without a request to
// another host; and the search finds something. Build first: npm run docs.
//   node scripts/check-docs.mjs
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';
import { ensureBrowser } from './browser.mjs';
import { root } from './esbuild-options.mjs';
import { main, Stop } from './run.mjs';

const folder = path.join(root, 'artifacts', 'docs');
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

function serve() {
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://site');
    const wanted = path.join(folder, decodeURIComponent(pathname === '/' ? '/index.html' : pathname));
    const file = [wanted, `${wanted}.html`].find((one) =>
      fs.statSync(one, { throwIfNoEntry: false })?.isFile(),
    );
    if (!file || !file.startsWith(folder + path.sep)) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': types[path.extname(file)] ?? 'application/octet-stream' });
    fs.createReadStream(file).pipe(response);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

async function findings(page, address) {
  await page.goto(address, { waitUntil: 'load' });
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  return serious.map(
    ({ id, nodes }) =>
      `${id}: ${nodes
        .map(({ target }) => target.join(' '))
        .slice(0, 3)
        .join('; ')}`,
  );
}

/** The search is a button that opens a field, and what it finds is a list of links. */
async function search(page, address, words) {
  await page.goto(address, { waitUntil: 'load' });
  await page.keyboard.press('Control+k');
  await page.locator('input.search-input').fill(words);
  await page.locator('.results .result').first().waitFor();
  return page.locator('.results .result').first().getAttribute('href');
}

main(async () => {
  if (!fs.existsSync(folder)) throw new Stop('There are no built docs. Run npm run docs first.');
  const server = await serve();
  const origin = `http://127.0.0.1:${server.address().port}`;
  const browser = await chromium.launch({ executablePath: await ensureBrowser(), args: ['--no-sandbox'] });
  const problems = [];
  let looked = 0;
  try {
    const pages = fs.readdirSync(folder).filter((name) => name.endsWith('.html') && name !== '404.html');
    for (const colorScheme of ['dark', 'light']) {
      const context = await browser.newContext({ colorScheme, bypassCSP: true });
      const page = await context.newPage();
      page.on('request', (request) => {
        if (!request.url().startsWith(origin) && !/^(data|blob):/.test(request.url()))
          problems.push(`asks for ${request.url()}`);
      });
      page.on('pageerror', (error) => problems.push(`error: ${error.message}`));
      for (const name of pages) {
        const found = await findings(page, `${origin}/${name}`);
        problems.push(...found.map((finding) => `${name}, ${colorScheme}: ${finding}`));
        looked++;
      }
      const first = await search(page, `${origin}/start.html`, 'exploding validation');
      if (!/troubleshooting|results|data/.test(first ?? '')) problems.push(`the search finds ${first}`);
      await context.close();
    }
  } finally {
    await browser.close();
    server.close();
  }
  for (const problem of new Set(problems)) console.log(`FAIL  ${problem}`);
  const failed = new Set(problems).size;
  console.log(`${failed === 0 ? looked : Math.max(0, looked - failed)} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
});
