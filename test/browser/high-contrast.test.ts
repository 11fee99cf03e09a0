/**
 * What is chosen is told apart from what is not by shape or border, in both high-contrast themes. Pictures of the same element,
 * chosen and not, are compared by their edges: an edge is where the picture changes by much, whatever the colors. A fill that
 * differs has the same edges inside of the element, and its rim is left out.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Locator } from 'playwright-core';
import sharp from 'sharp';
import { showTab, type Model } from '../inspector/models';
import { until } from '../inspector/until';
import { restyle } from './support/browser-page';
import type { EngineWindow } from './support/engine-window';
import { inWindow } from './support/in-window';
import { tinyModel, tinyRun, type TinyRun } from './support/tiny-models';

const themes = ['vscode-high-contrast', 'vscode-high-contrast-light'] as const;

/** Pixels inside of the rim with an edge to their right or below. @param around pixels beside the element that belong to it */
async function edges(element: Locator, around: number): Promise<number> {
  const { x: left, y: top, width: wide, height: high } = (await element.boundingBox())!;
  const clip = {
    ...{ x: Math.max(0, left - around), y: Math.max(0, top - around) },
    ...{ width: wide + 2 * around, height: high + 2 * around },
  };
  const { data, info } = await sharp(await element.page().screenshot({ clip, animations: 'disabled' }))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const differ = (a: number, b: number): boolean =>
    [0, 1, 2].some((k) => Math.abs(data[a * channels + k]! - data[b * channels + k]!) > 40);
  let found = 0;
  for (let y = 1; y < height - 2; y++)
    for (let x = 1; x < width - 2; x++) {
      const at = y * width + x;
      if (differ(at, at + 1) || differ(at, at + width)) found++;
    }
  return found;
}

const isChosen = (element: Locator): Promise<boolean> =>
  element.evaluate((one) =>
    ['selected', 'checked', 'pressed', 'current'].some(
      (state) => one.getAttribute(`aria-${state}`) === 'true',
    ),
  );

describe('high contrast', () => {
  let editor: EngineWindow;
  let digits: TinyRun;
  let plane: Model;
  inWindow(
    async (started) => {
      editor = started;
      digits = await tinyRun(editor.folder, 'digits');
      plane = await tinyModel(editor.folder, 'plane');
    },
    { untrained: true },
  );

  /** One element of each kind, chosen and after another one was chosen in its place. */
  const kinds = (page: Locator): { name: string; element: Locator; other: Locator }[] => {
    const kind = (
      name: string,
      group: string,
      member: string,
      [first, second]: readonly [number, number] = [0, 1],
    ) => ({
      name,
      element: page.locator(group).first().locator(member).nth(first),
      other: page.locator(group).first().locator(member).nth(second),
    });
    return [
      kind('segment', '.strip .segmented', '[role=radio]'),
      kind('batch norm', '.bar .segmented', '[role=radio]'),
      kind('range of colors', '#layer-panel .segmented', '[role=radio]'),
      kind('tab', '.layer .tablist', '[role=tab]'),
      kind('tab below', '.diag .tablist', '[role=tab]'),
      // The border of the next one would lie beside it.
      kind('picture', '.thumbs', 'button', [0, 12]),
      kind('row of the strip', '.flow', '[data-layer]', [1, 2]),
    ];
  };

  async function compare(name: string, element: Locator, other: Locator, around = 0): Promise<string[]> {
    const looks: number[][] = [];
    for (const theme of themes) {
      await editor.setTheme(theme);
      const look: number[] = [];
      for (const [clicked, chosen] of [
        [element, true],
        [other, false],
      ] as const) {
        await clicked.click();
        await until(
          `${name} ${chosen ? 'chosen' : 'not chosen'}`,
          async () => (await isChosen(element)) === chosen,
        );
        await element.page().locator('main [aria-busy=true]').first().waitFor({ state: 'detached' });
        // Neither a pointer over it nor the focus on it is what is looked for.
        await element.page().mouse.move(0, 0);
        await element.page().evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
        await element
          .page()
          .evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50))));
        look.push(await edges(element, around));
      }
      looks.push(look);
    }
    const box = (await element.boundingBox())!;
    // At least one long side of it.
    return looks.flatMap(([chosen = 0, not = 0], i) =>
      chosen - not >= 0.6 * Math.max(box.width, box.height)
        ? []
        : [
            `${name} in ${themes[i]}: ${chosen} edge pixels chosen, ${not} not, ${Math.round(box.width)} wide`,
          ],
    );
  }

  it('tells what is chosen by shape or border', async () => {
    const { page } = await editor.openPage(digits.file(), { width: 1440, height: 836 });
    await page.locator('.worked').waitFor();
    await page.locator('.sheet canvas').first().waitFor();
    await page.locator('.flow[aria-busy=false]').waitFor();
    const bad: string[] = [];
    for (const { name, element, other } of kinds(page.locator('body')))
      // A picture has its border around it, and no fill.
      bad.push(...(await compare(name, element, other, name === 'picture' ? 6 : 0)));
    await showTab(page, '.diag', 'Run');
    const checkpoint = page.locator('.run-list button');
    bad.push(...(await compare('checkpoint', checkpoint.nth(0), checkpoint.nth(1))));
    assert.deepEqual(bad, []);
  });

  it('tells the chosen row of a table', async () => {
    const { page } = await editor.openPage(plane.file(), { width: 1440, height: 836 });
    await page.locator('.path-table tbody tr').first().waitFor();
    await showTab(page, '.layer', 'Activations');
    const row = page.locator('.activations tbody tr');
    assert.deepEqual(await compare('row', row.nth(0), row.nth(1)), []);
  });

  it('sees no difference in a fill alone', async () => {
    const { page } = await editor.openPage(digits.file(), { width: 1440, height: 836 });
    await page.locator('.worked').waitFor();
    await restyle(
      page,
      `.segmented button { box-shadow: none !important; border-color: transparent !important; outline: none !important }`,
    );
    const segment = page.locator('.strip .segmented [role=radio]');
    assert.equal((await compare('segment', segment.nth(0), segment.nth(1))).length, 2);
  });
});
