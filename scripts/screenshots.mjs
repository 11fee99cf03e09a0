// Screenshots of every view in three themes and in a narrow window, drawn from real runs, files and data.
//   npm run screenshots -- [--output FOLDER] [--only TEXT] [--layer N] [SOURCE NAME]…
// SOURCE is a saved page (with a comparison, where it has one), a run, our own checkpoint or another library's, an ONNX file or a file of tensors.
// Without sources, files of the repository are drawn. FOLDER is artifacts/screenshots by default; --only keeps the pictures
// whose name matches TEXT (a regular expression). Pictures that a page of the docs shows belong in docs/screenshots.
// --layer selects a layer by its place in the list, from 0, instead of the first that has something to show in a tab.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { root } from './esbuild-options.mjs';
import { main, Stop } from './run.mjs';
import { inspectorPage, openBrowser, smallPng } from './screenshot-pages.mjs';

/** A standalone page follows the system. */
const themes = {
  dark: { colorScheme: 'dark', contrast: 'no-preference' },
  light: { colorScheme: 'light', contrast: 'no-preference' },
  hc: { colorScheme: 'dark', contrast: 'more' },
};
const wide = { width: 1280, height: 800 };
const narrow = { width: 400, height: 900 };
/** What is drawn without sources: one file of each kind that looks different. */
const repositoryFiles = [
  'media/samples/digits.flow.safetensors digits',
  'media/samples/moons.flow.safetensors moons',
  'test/fixtures/wild/pzflow-example-galaxies/example-flow.pzflow.pkl galaxies',
  'test/fixtures/wild/nflows-maf-2d/model.pt imported',
  'test/fixtures/wild/y0ast-glow-8/glow_checkpoint.pt glow',
  'test/fixtures/onnx/nflows-2d/forward.onnx onnx',
  'test/fixtures/recordings/mixed.flowrec.safetensors recording',
].flatMap((line) => line.split(' '));

const fileName = (text) => text.toLowerCase().replace(/[^a-z0-9]+/g, '-');

/** Opens a page and draws it in every theme and size. `draw` gets a function that saves a picture. */
async function shoot(browser, page, name, { output, only, layer }, draw) {
  const context = await browser.newContext({ viewport: wide, reducedMotion: 'reduce' });
  const tab = await context.newPage();
  const problems = [];
  tab.on('pageerror', (error) => problems.push(error.message));
  tab.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  const wanted = (what) => only.test(`${name}-${what}`);
  const save = async (what, target = tab) => {
    if (!wanted(what)) return;
    await tab.waitForTimeout(250);
    const picture = await target.screenshot();
    await smallPng(picture).toFile(path.join(output, `${name}-${what}.png`));
  };
  for (const [theme, media] of Object.entries(themes)) {
    await tab.emulateMedia(media);
    if (theme === 'dark') await tab.goto(pathToFileURL(page).href);
    await tab.setViewportSize(wide);
    if (layer !== undefined) await tab.locator(`.flow [data-layer="${layer}"]`).click();
    await draw(tab, theme, save, layer);
    await tab.setViewportSize(narrow);
    await draw(tab, `narrow-${theme}`, save, layer);
  }
  await context.close();
  if (problems.length > 0) throw new Stop(`${name}: the page reports ${problems.join('; ')}`);
}

/** Where the selected layer has nothing to show in the open tab, the next one that has is selected. */
async function showLayerThatHas(tab) {
  const rows = tab.locator('.flow [data-layer]');
  const nothing = tab.locator('#layer-panel .state');
  await tab.locator('#layer-panel [aria-busy=true]').waitFor({ state: 'detached' });
  const selected = Number(await tab.locator('.flow [aria-selected=true]').getAttribute('data-layer'));
  for (let next = selected + 1; (await nothing.isVisible()) && next < (await rows.count()); next++) {
    await tab.locator(`.flow [data-layer="${next}"]`).click();
    await tab.waitForTimeout(100);
  }
}

/** In a small window, panels take turns. */
async function bringForward(tab, region) {
  const place = ['.layer', '.gallery', '.diag'].indexOf(region);
  const choices = tab.locator('.panel-switch:visible [role=radio]');
  // After a change of size, a slow page has for a while the panels that it had before.
  for (let tries = 0; tries < 20 && !(await tab.locator(region).isVisible()); tries++) {
    await choices
      .nth(place - (3 - (await choices.count())))
      .click({ timeout: 1000 })
      .catch(() => {});
  }
}

/** Those in the row, and those under "More". */
async function namesOfTabs(tab, region) {
  const shown = await tab.locator(region).getByRole('tab').allInnerTexts();
  const more = tab.locator(region).locator('.plain-menu');
  if ((await more.count()) === 0) return shown;
  await more.click();
  const rest = await tab.locator(region).getByRole('menuitem').allInnerTexts();
  await more.click();
  return [...shown, ...rest];
}

async function showTab(tab, region, name) {
  const shown = tab.locator(region).getByRole('tab', { name, exact: true });
  if (await shown.isVisible()) return shown.click();
  await tab.locator(region).locator('.plain-menu').click();
  await tab.locator(region).getByRole('menuitem', { name, exact: true }).click();
}

/** Views whose second half, below the fold, is shown too. */
const long = ['Conditions', 'Calibration'];

/** Views of a flow: each tab of the layer, and each mode of the gallery in addition to the first. */
async function drawInspector(tab, theme, save, layer) {
  const title = tab.locator('main.whole h1');
  const tabs = tab.getByRole('tab');
  const compared = tab.locator('[data-compared]').first();
  await title.or(tabs.first()).or(compared).first().waitFor();
  if (await compared.isVisible()) {
    await save(theme);
    return;
  }
  if (await title.isVisible()) {
    await save(`tensors-${theme}`);
    return;
  }
  for (const [list, region] of [
    ['#layer-panel', '.layer'],
    ['#gallery-panel', '.gallery'],
    ['#diagnostics-panel', '.diag'],
  ]) {
    await bringForward(tab, region);
    const names = await namesOfTabs(tab, region);
    for (const name of names) {
      await bringForward(tab, region);
      await showTab(tab, region, name);
      await tab.locator(list).waitFor();
      if (region === '.layer' && layer === undefined) await showLayerThatHas(tab);
      // A narrow window shows one region at a time.
      const target = theme.startsWith('narrow') ? tab.locator(region) : tab;
      await save(`${fileName(name)}-${theme}`, target);
      if (!long.includes(name)) continue;
      await tab.locator(list).evaluate((panel) => panel.scrollTo(0, panel.scrollHeight));
      await save(`${fileName(name)}-below-${theme}`, target);
    }
    if (names.length > 0) await showTab(tab, region, names[0]);
  }
  if (theme.startsWith('narrow')) {
    await tab.locator('main').evaluate((element) => element.scrollIntoView());
    await save(theme);
  }
}

main(async () => {
  const { values, positionals } = parseArgs({
    options: { output: { type: 'string' }, only: { type: 'string', default: '' }, layer: { type: 'string' } },
    allowPositionals: true,
  });
  if (positionals.length % 2)
    throw new Stop('Give each source a name, for example: npm run screenshots -- runs/digits digits');
  const sources = positionals.length > 0 ? positionals : repositoryFiles;
  const folder = path.resolve(values.output ?? path.join(root, 'artifacts', 'screenshots'));
  fs.mkdirSync(folder, { recursive: true });
  const to = { output: folder, only: new RegExp(values.only), layer: values.layer };
  const browser = await openBrowser();
  try {
    for (let i = 0; i < sources.length; i += 2) {
      const [source, name] = sources.slice(i, i + 2);
      await shoot(browser, await inspectorPage(source, name), name, to, drawInspector);
    }
  } finally {
    await browser.close();
  }
});
