// Screenshots of the inspector's views in three themes and in a narrow window, drawn from real runs.
//   node scripts/screenshots.mjs RUN NAME [RUN NAME]…      writes docs/screenshots/NAME-*.png
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { ensureBrowser } from './browser.mjs';
import { root } from './esbuild-options.mjs';
import { main, run, Stop } from './run.mjs';

/** A saved page follows the system. */
const themes = {
  dark: { colorScheme: 'dark', contrast: 'no-preference' },
  light: { colorScheme: 'light', contrast: 'no-preference' },
  hc: { colorScheme: 'dark', contrast: 'more' },
};
const flags = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--hide-scrollbars'];

async function shoot(browser, page, name) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    reducedMotion: 'reduce',
  });
  const tab = await context.newPage();
  const problems = [];
  tab.on('pageerror', (error) => problems.push(error.message));
  await tab.goto(pathToFileURL(page).href);
  await tab.getByRole('tab', { name: 'Activations' }).waitFor();
  const folder = path.join(root, 'docs', 'screenshots');
  fs.mkdirSync(folder, { recursive: true });
  const save = async (view) => {
    await tab.waitForTimeout(400);
    await tab.screenshot({ path: path.join(folder, `${name}-${view}.png`) });
  };
  for (const [theme, media] of Object.entries(themes)) {
    await tab.emulateMedia(media);
    const views = await tab.locator('[role=tab]').allInnerTexts();
    for (const view of views) {
      if (!/^(Plane|Activations|Mask|Log-det|Network|Interpolate|Reconstruct)$/.test(view)) continue;
      await tab.getByRole('tab', { name: view, exact: true }).click();
      await save(`${view.toLowerCase()}-${theme}`);
    }
    // The gallery's first mode stands beside the views of the layer, and the first view beside those of the gallery.
    await tab.getByRole('tab', { name: 'Samples', exact: true }).click();
    await tab.getByRole('tab', { name: views[0], exact: true }).click();
  }
  await tab.emulateMedia(themes.dark);
  await tab.setViewportSize({ width: 400, height: 900 });
  await save('narrow');
  await context.close();
  if (problems.length > 0) throw new Stop(`${name}: the page reports ${problems.join('; ')}`);
}

main(async () => {
  const wanted = process.argv.slice(2);
  if (wanted.length === 0 || wanted.length % 2)
    throw new Stop('Give runs and names, for example: node scripts/screenshots.mjs runs/digits digits');
  const browser = await chromium.launch({ executablePath: await ensureBrowser(), args: flags });
  try {
    for (let i = 0; i < wanted.length; i += 2) {
      const page = path.join(root, 'out', `${wanted[i + 1]}.html`);
      await run(process.execPath, [
        path.join(root, 'dist', 'cli.js'),
        'inspect',
        wanted[i],
        '--output',
        page,
      ]);
      await shoot(browser, page, wanted[i + 1]);
    }
  } finally {
    await browser.close();
  }
});
