/**
 * How pages look, beyond what every model's is tried for (models/looks.test.ts): a flow of longer vectors in three themes,
 * sizes of text, narrow windows, and findings that take their time. Screenshots are kept as artifacts.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { showTab, type Model } from '../inspector/models';
import { until } from '../inspector/until';
import { audit } from './support/audit';
import { screenshot, type ThemeName } from './support/browser-page';
import type { EngineWindow } from './support/engine-window';
import { inWindow } from './support/in-window';
import { tinyModel } from './support/tiny-models';

const themes: ThemeName[] = ['dark', 'light', 'high-contrast'];

describe('looks', () => {
  let editor: EngineWindow;
  let digits: Model;
  let plane: Model;
  let vector: Model;
  inWindow(
    async (started) => {
      editor = started;
      digits = await tinyModel(editor.folder, 'digits');
      plane = await tinyModel(editor.folder, 'plane');
      vector = await tinyModel(editor.folder, 'vector');
    },
    { untrained: true },
  );

  /** Rules other than contrast do not depend on the theme: all of them once, contrast everywhere. */
  async function accessible(page: Page, what: string, all = true): Promise<void> {
    const serious = (await audit(page, { contrastAlone: !all })).filter(
      (v) => v.impact === 'serious' || v.impact === 'critical',
    );
    assert.deepEqual(
      serious.map(
        (v) =>
          `${v.id}: ${v.nodes.map((n) => `${n.target.join(' ')} (${n.failureSummary ?? ''})`).join('; ')}`,
      ),
      [],
      what,
    );
  }

  /** Text that its own box cuts off, ellipses aside; text under 11 px; and a page that is wider than its window. */
  async function readable(page: Page): Promise<void> {
    const found = await page.evaluate(() => {
      const bad: string[] = [];
      const { scrollWidth } = document.documentElement;
      if (scrollWidth > innerWidth) bad.push(`the page is ${scrollWidth} wide in ${innerWidth}`);
      for (const element of document.querySelectorAll('main *')) {
        if (![...element.childNodes].some((n) => n.nodeType === 3 && n.textContent?.trim())) continue;
        const style = getComputedStyle(element);
        if (element.classList.contains('sr') || style.visibility === 'hidden') continue;
        if (parseFloat(style.fontSize) < 11) bad.push(`${style.fontSize}: ${element.textContent}`);
        const box = element.getBoundingClientRect();
        if (box.width > 0 && box.right > innerWidth + 1 && !element.closest('.scroll-x, .panel'))
          bad.push(`beyond the edge: ${element.textContent}`);
      }
      return bad;
    });
    assert.deepEqual(found, []);
  }
  const still = (page: Page) => page.locator('main .skeleton.pulse').first().waitFor({ state: 'detached' });

  it('a flow of longer vectors is accessible in every tab and theme', async () => {
    const { page } = await editor.openPage(vector.file(), { width: 1280, height: 800 });
    await page.locator('.waterfall').waitFor();
    const tabs: [string, string][][] = [
      [
        ['.layer', 'Activations'],
        ['.gallery', 'Samples'],
        ['.diag', 'Diagnostics'],
      ],
      [
        ['.layer', 'Mask'],
        ['.gallery', 'Latents'],
        ['.diag', 'By feature'],
      ],
      [
        ['.layer', 'Log-det'],
        ['.gallery', 'Interpolate'],
        ['.diag', 'Run'],
      ],
      [
        ['.layer', 'Conditioner'],
        ['.gallery', 'Nearest'],
      ],
      [
        ['.layer', 'Jacobian'],
        ['.gallery', 'Examples'],
      ],
    ];
    for (const shown of tabs) {
      for (const [region, tab] of shown) await showTab(page.mainFrame(), region, tab);
      await still(page);
      for (const theme of themes) {
        await editor.setTheme(`vscode-${theme}`);
        const names = shown.map(([, tab]) => tab).join(', ');
        await accessible(page, `${theme}: ${names}`, theme === 'dark');
        await screenshot(page, `vector-${theme}-${shown[0]![1].toLowerCase()}`);
      }
      await readable(page);
    }
  });

  for (const [name, width, height] of [
    ['narrow', 400, 900],
    ['zoomed', 640, 400],
    ['middle', 900, 700],
  ] as const)
    it(`pages are readable and no wider than ${width}×${height}`, async () => {
      for (const model of [digits, plane, vector]) {
        const { page } = await editor.openPage(model.file(), { theme: 'light', width, height });
        for (const [region, tab] of [
          ['.gallery', 'Samples'],
          ['.diag', 'Diagnostics'],
        ] as const) {
          await showTab(page, region, tab);
          await readable(page);
        }
        await page.locator('.waterfall').waitFor();
        const beyond = await page.evaluate(() =>
          [...document.querySelectorAll('button, vscode-button, select, input, [role=tab]')]
            .filter((control) => control.getBoundingClientRect().right > innerWidth + 0.5)
            .map((control) => `${control.className} ${control.textContent}`),
        );
        if (width === 400) assert.deepEqual(beyond, [], model.name);
        await screenshot(page, `${model.name}-${name}`);
      }
    });

  it('redraws maps in the colors of a new theme', async () => {
    const { page } = await editor.openPage(digits.file());
    await page.locator('.worked').waitFor();
    const corner = (): Promise<number> =>
      page.locator('[data-tensor=x] canvas').evaluate((element) => {
        const [r = 0, g = 0, b = 0] = (element as HTMLCanvasElement)
          .getContext('2d')!
          .getImageData(4, 4, 1, 1).data;
        return r * 65536 + g * 256 + b;
      });
    const dark = await corner();
    await editor.setTheme('vscode-light');
    await until('other colors', async () => (await corner()) !== dark);
  });

  it('stands still while it waits where less motion is wanted', async () => {
    const { page } = await editor.openPage(digits.file(), {
      delays: { layer: 60_000, layerOfExample: 60_000 },
      reducedMotion: true,
    });
    await page.locator('#layer-panel .pulse').first().waitFor();
    assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
  });

  it('lets findings be cancelled and asked for again, in a narrow window without a scroll bar', async () => {
    const live = await editor.openPage(digits.file(), {
      ...{ delays: { findings: 60_000 }, width: 400, height: 900 },
    });
    const { page } = live;
    await showTab(page, '.diag', 'Diagnostics');
    await page.locator('.findings .linklike', { hasText: 'Cancel' }).click();
    live.delays = {};
    await page.locator('.findings .linklike', { hasText: 'Retry' }).click();
    await page.locator('.findings [data-check]').first().waitFor({ state: 'attached' });
    // Nothing of the findings reaches beyond the window.
    await page.locator('.findings details').first().locator('summary').click();
    const right = await page
      .locator('.findings')
      .evaluate((list) =>
        Math.max(...[list, ...list.querySelectorAll('*')].map((e) => e.getBoundingClientRect().right)),
      );
    assert.ok(right <= 400, `${right}`);
  });
});
