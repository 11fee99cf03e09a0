/**
 * Uses a page that `flowscope.show` put into a notebook, in a browser, as its reader would: node drive-notebook.js KIND URL PICTURES.
 * The notebook has one cell that shows a flow of two features, and one that changes its weights.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import type { FrameLocator, Page } from 'playwright-core';
import { launch } from '../browser/support/browser-page';

const [kind, url, pictures] = process.argv.slice(2) as ['jupyterlab' | 'marimo', string, string];
/** ms; a kernel has to load PyTorch, on a machine that may be busy. */
const long = 90_000;

const notebooks = {
  jupyterlab: {
    async start(page: Page): Promise<void> {
      await page.locator('.jp-CodeCell .cm-content').first().click({ timeout: long });
      // The kernel is there.
      await page.locator('.jp-Notebook-ExecutionIndicator[data-status=idle]').waitFor({ timeout: long });
      await page.keyboard.press('Shift+Enter');
    },
    async change(page: Page): Promise<void> {
      await page.locator('.jp-CodeCell .cm-content').nth(1).click();
      await page.keyboard.press('Shift+Enter');
    },
    async restart(page: Page): Promise<void> {
      await page.locator('.lm-MenuBar-itemLabel', { hasText: 'Kernel' }).click();
      await page.locator('.lm-Menu-itemLabel', { hasText: /^Restart Kernel…/ }).click();
      await page.locator('.jp-Dialog button', { hasText: 'Restart' }).click();
    },
  },
  marimo: {
    async start(page: Page): Promise<void> {
      await page.locator('.cm-content').first().waitFor({ timeout: long });
      // Its kernel connects some time after the cells are drawn, and says nothing of it.
      const frame = page.locator('iframe[srcdoc]').first();
      await eventually('the first answer', async () => {
        await page.keyboard.press('Control+Shift+r');
        return frame.waitFor({ timeout: 20_000 }).then(
          () => true,
          () => false,
        );
      });
    },
    async change(page: Page): Promise<void> {
      await page.getByRole('button', { name: 'Change the weights' }).click();
    },
    // What becomes of a page when its kernel has gone is the same in both.
    restart: undefined,
  },
};

async function use(page: Page, frame: FrameLocator): Promise<void> {
  const { change, restart } = notebooks[kind];
  const status = frame.getByRole('status');
  const says = (what: RegExp) => status.filter({ hasText: what }).waitFor({ timeout: long });
  const picture = (name: string) => page.screenshot({ path: path.join(pictures, `${kind}-${name}.png`) });
  await says(/^Live\s*64 rows/);
  await picture('live');

  // Samples of another seed come from the flow.
  await frame.getByRole('radio', { name: 'Gallery' }).click();
  const canvas = frame.locator('.gallery canvas').last();
  await canvas.waitFor();
  const drawn = () => canvas.evaluate((element) => (element as HTMLCanvasElement).toDataURL());
  const before = await drawn();
  const seed = frame.locator('.gallery input[type=text], .gallery vscode-text-field input').first();
  await seed.fill('5');
  await seed.press('Enter');
  await eventually('other samples', async () => (await drawn()) !== before);
  await picture('samples');

  // An example that was typed has a likelihood by the flow; what is wrong is said.
  const other = await frame.locator('[data-result]').innerText();
  await frame.getByRole('button', { name: 'Next example' }).click();
  await eventually(
    'the next example',
    async () => (await frame.locator('[data-result]').innerText()) !== other,
  );

  await change(page);
  await says(/^Weights changed/);
  await picture('changed');
  await frame.getByRole('button', { name: 'Record again' }).click();
  await says(/^Live/);

  // Opened again, the page asks nobody until its reader says so.
  await frame.locator('body').evaluate(() => location.reload());
  await says(/^Not live/);
  await frame.getByRole('button', { name: 'Go live' }).click();
  // It holds the first recording, whose weights are no longer the flow's.
  await says(/^Weights changed/);
  await frame.getByRole('button', { name: 'Record again' }).click();
  await says(/^Live/);

  if (!restart) return;
  await restart(page);
  await says(/^Saved page\s*No kernel/);
  await picture('gone');
  // The recording is still there.
  await frame.getByRole('radio', { name: 'Layer' }).click();
  await frame.getByRole('tab', { name: 'Activations' }).waitFor();
}

async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + long;
  while (!(await holds())) {
    assert.ok(Date.now() < end, `${what} did not come`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function main(): Promise<void> {
  const browser = await launch();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    const errors: string[] = [];
    page.on('pageerror', ({ message }) => errors.push(message));
    await page.goto(url, { timeout: long });
    const frame = page.locator('iframe[srcdoc]').first().contentFrame();
    const used = notebooks[kind].start(page).then(() => use(page, frame));
    await used.catch(async (error: unknown) => {
      await page.screenshot({ path: path.join(pictures, `${kind}-failed.png`) });
      throw error;
    });
    assert.deepEqual(errors, []);
  } finally {
    await browser.close();
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.stack : error);
  process.exitCode = 1;
});
