// Animated walks for the pages of the docs: what a reader would click, and what comes of it.
//   node scripts/walks.mjs [--output FOLDER] [NAME]…
// Without names all are made; FOLDER is docs/screenshots unless given. Each is NAME.gif, and NAME.png for readers who want no
// motion: the last frame.
/* global document */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { root } from './esbuild-options.mjs';
import { main, Stop } from './run.mjs';
import { flowscope, inspectorPage, openBrowser, smallPng } from './screenshot-pages.mjs';

const viewport = { width: 1280, height: 800 };
const captionHeight = 56;
/** Width of the picture, pixels. */
const width = 960;
/** Milliseconds that a frame stays. */
const pointed = 1400;
const looked = 2200;

const layer = (index) => (page) => page.locator(`.flow [data-layer="${index}"]`);
/** A tab, also where the row has no room for it: then it is in the menu at its end. */
const tab = (name) => async (page) => {
  const own = page.getByRole('tab', { name, exact: true });
  const item = page.getByRole('menuitem', { name, exact: true });
  for (const more of await page.locator('.plain-menu').all()) {
    if (await own.or(item).first().isVisible()) break;
    await more.click();
  }
  return own.or(item).first();
};
const fixture = (...names) => path.join(root, 'test', 'fixtures', ...names);
const sample = (name) => path.join(root, 'media', 'samples', `${name}.flow.safetensors`);

/** Trains in a temporary folder; resolves to the run. */
async function trained(folder, args, codes) {
  await flowscope(['train', ...args, '--output', 'run'], { cwd: folder, codes });
  return path.join(folder, 'run');
}

/** What is opened, and the steps: a sentence, what is clicked for it, or the keys that are pressed. */
const walks = {
  'walk-start': {
    source: () => sample('digits'),
    steps: [
      { say: 'A flow of handwritten digits: its layers from x to z, and what each adds to log p(x)' },
      { say: 'Click a layer to see what it does to the example', click: layer(3) },
      { say: 'Its mask: what it reads, and what it moves', click: tab('Mask') },
      { say: 'Its Jacobian is triangular, so that the log-det is a sum', click: tab('Jacobian') },
      { say: 'The gallery also reconstructs examples: x → z → x', click: tab('Reconstruct') },
      { say: 'The diagnostics say where the bits go, pixel by pixel', click: tab('By pixel') },
    ],
  },
  'walk-inspect': {
    source: () => sample('moons'),
    steps: [
      { say: 'A flow of two moons: the plane after each layer' },
      {
        say: 'It bends, layer by layer, until the moons lie in a round cloud',
        click: layer(0),
        press: ['ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowDown'],
      },
      { say: 'What this layer adds to log p(x), feature by feature', click: tab('Log-det') },
      { say: 'What its network has learned', click: tab('Conditioner') },
    ],
  },
  'walk-train': {
    source: (folder) => trained(folder, ['--data', 'pinwheel', '--max-steps', '600']),
    steps: [
      { say: 'A flow that was trained on a pinwheel a minute ago' },
      { say: 'The curves of its training and validation', click: tab('Run') },
      { say: 'The examples, and how likely each is', click: tab('Examples') },
      { say: 'What was measured, and what to try', click: tab('Diagnostics') },
    ],
  },
  'walk-which-flow': {
    source: (folder) => trained(folder, ['--data', 'checkerboard', '--preset', 'nsf', '--max-steps', '800']),
    steps: [
      { say: 'A checkerboard has sharp edges: a flow of splines fits it' },
      { say: 'The spline of one feature: its knots, and its slope below', click: tab('Curve') },
      { say: 'The next coupling moves the other feature', click: layer(3) },
      { say: 'The plane after each layer', click: tab('Plane') },
    ],
  },
  'walk-importing': {
    source: () => fixture('wild', 'sbi-maf-posterior-3d', 'posterior.pkl'),
    steps: [
      { say: 'A posterior that sbi saved, opened as it is' },
      { say: 'A masked autoregressive layer: which feature depends on which', click: tab('Order') },
      { say: 'Its Jacobian, measured', click: tab('Jacobian') },
      { say: 'Which layer listens to which condition', click: tab('Conditions') },
    ],
  },
  'walk-troubleshooting': {
    source: (folder) => {
      const training = { steps: 200, learningRate: 0.3, clipNorm: 1e9, warmupSteps: 0, validateEvery: 50 };
      fs.writeFileSync(
        path.join(folder, 'wrong.flow.json'),
        JSON.stringify({ data: { source: 'moons' }, training }),
      );
      return trained(folder, ['--config', 'wrong.flow.json'], [0, 1]);
    },
    steps: [
      { say: 'A training that went wrong: its learning rate was far too high' },
      { say: 'The diagnostics name what is too much, and where', click: tab('Diagnostics') },
      { say: 'The curves say when it happened', click: tab('Run') },
    ],
  },
  'walk-record': {
    source: () => fixture('recordings', 'own.flowrec.safetensors'),
    steps: [
      { say: 'A flow of your own code, recorded layer by layer' },
      { say: 'What the second layer did to the examples', click: layer(1) },
      { say: 'Its Jacobian, as automatic differentiation gave it', click: tab('Jacobian') },
    ],
  },
};

/** Draws a ring around what is clicked, in the page. */
async function mark(page, box) {
  await page.evaluate((ring) => {
    document.getElementById('walk')?.remove();
    if (!ring) return;
    const mark = document.createElement('div');
    mark.id = 'walk';
    const edge = { left: ring.x - 6, top: ring.y - 6, width: ring.width + 6, height: ring.height + 6 };
    for (const [name, value] of Object.entries(edge)) mark.style[name] = `${value}px`;
    mark.style.cssText +=
      'position:fixed;z-index:99999;pointer-events:none;border:3px solid #f7b32b;border-radius:8px';
    document.body.append(mark);
  }, box);
}

/** A sentence as a picture, to go below a frame. */
async function captionOf(browser, sentence) {
  const page = await browser.newPage({ viewport: { width: viewport.width, height: captionHeight } });
  await page.setContent(
    '<body style="margin:0;padding:12px 20px;font:22px/32px sans-serif;color:#fff;background:#1b4b82"></body>',
  );
  await page.evaluate((text) => (document.body.textContent = text), sentence);
  const picture = await page.screenshot();
  await page.close();
  return picture;
}

async function settled(page) {
  await page.waitForTimeout(150);
  await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' });
  await page.waitForTimeout(250);
}

async function framesOf(page, steps) {
  const frames = [];
  for (const { say, click, press = [] } of steps) {
    const caption = await captionOf(page.context().browser(), say);
    const shot = async (delay) => frames.push({ picture: await page.screenshot(), caption, delay });
    const target = (await click?.(page))?.first();
    if (target) {
      await target.scrollIntoViewIfNeeded();
      await mark(page, await target.boundingBox());
      await shot(pointed);
      await target.click();
      await mark(page);
    }
    for (const key of press) {
      await page.keyboard.press(key);
      await settled(page);
      await shot(pointed / 2);
    }
    await settled(page);
    await shot(looked);
  }
  return frames;
}

const withCaption = ({ picture, caption }) =>
  sharp(picture)
    .extend({ bottom: captionHeight })
    .composite([{ input: caption, gravity: 'south' }])
    .png()
    .toBuffer()
    .then((whole) => sharp(whole).resize({ width }).png().toBuffer());

async function write(frames, file) {
  const small = await Promise.all(frames.map(withCaption));
  const delay = frames.map((frame) => frame.delay);
  // Played twice and then still.
  await sharp(small, { join: { animated: true } })
    .gif({ delay, loop: 2, colors: 96, dither: 0, effort: 10 })
    .toFile(`${file}.gif`);
  await smallPng(small.at(-1)).toFile(`${file}.png`);
  console.log(`${path.relative(root, file)}.gif  ${(fs.statSync(`${file}.gif`).size / 1e3).toFixed(0)} kB`);
}

async function make(browser, name, folder) {
  const { source, steps } = walks[name];
  const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'flowscope-walk-'));
  try {
    const saved = await inspectorPage(await source(temporary), name);
    const page = await browser.newPage({ viewport, colorScheme: 'light', reducedMotion: 'reduce' });
    await page.goto(pathToFileURL(saved).href);
    await page.getByRole('tab').or(page.locator('main.whole h1')).first().waitFor();
    await settled(page);
    await write(await framesOf(page, steps), path.join(folder, name));
    await page.close();
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true });
  }
}

main(async () => {
  const { values, positionals } = parseArgs({
    options: { output: { type: 'string' } },
    allowPositionals: true,
  });
  const names = positionals.length > 0 ? positionals : Object.keys(walks);
  for (const name of names)
    if (!(name in walks))
      throw new Stop(`There is no walk "${name}". Walks: ${Object.keys(walks).join(', ')}.`);
  const folder = path.resolve(values.output ?? path.join(root, 'docs', 'screenshots'));
  fs.mkdirSync(folder, { recursive: true });
  const browser = await openBrowser();
  try {
    for (const name of names) await make(browser, name, folder);
  } finally {
    await browser.close();
  }
});
