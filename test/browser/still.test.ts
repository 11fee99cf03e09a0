/** Nothing moves under the eye: while a training is followed, and while a button is pressed. */
import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { writeStatus } from '../../src/checkpoint/run-folder';
import { showTab } from '../inspector/models';
import { until } from '../inspector/until';
import { restyle } from './support/browser-page';
import type { EngineWindow } from './support/engine-window';
import { inWindow } from './support/in-window';
import { metricsRow, tinyRun } from './support/tiny-models';
import { oneIn, tried } from '../tried';

/** What is looked at: regions, and in them the parts that a new checkpoint changes. */
const watched = [
  ...['.bar', '.strip', '.layer', '.gallery', '.diag'],
  ...[
    '.flow [data-layer="1"]',
    '.flow [data-layer="12"]',
    '.sum',
    '#layer-panel',
    '.maps',
    '.facts',
    '.worked',
  ],
  ...['.sheet', '.way', '.run-tab', '.run-chart', '.run-status', '.run-control', '.run-list', '.hero'],
];

/** Notes where everything watched is, with each frame that is drawn, until it is asked. */
async function watch(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate((selectors) => {
    const places: Record<string, string[]> = {};
    (window as unknown as { places: unknown }).places = places;
    const look = (): void => {
      for (const selector of selectors) {
        const element = document.querySelector(selector);
        const { left, top, height } = element?.getBoundingClientRect() ?? new DOMRect();
        // What comes to a hidden gallery moves nothing that is seen.
        const place = element?.checkVisibility() ? [left, top, height].map(Math.round).join() : 'gone';
        const scrolled = element?.closest('.panel')?.scrollTop ?? 0;
        const seen = (places[selector] ??= []);
        const now = `${place} ${scrolled}`;
        if (seen.at(-1) !== now) seen.push(now);
      }
      requestAnimationFrame(look);
    };
    look();
  }, watched);
  return () =>
    page.evaluate(() => {
      const { places } = window as unknown as { places: Record<string, string[]> };
      return Object.entries(places).flatMap(([selector, seen]) =>
        seen.length > 1 ? [`${selector}: ${seen.join(' → ')}`] : [],
      );
    });
}

describe('stillness', () => {
  let editor: EngineWindow;
  inWindow((started) => void (editor = started), { untrained: true });

  const sizes = [
    [1080, 780],
    [1440, 836],
    [720, 836],
  ] as const;
  for (const [width, height] of tried('browser/still: window sizes', sizes, oneIn(3)))
    it(`following a training moves nothing at ${width}×${height}, at ten checkpoints a second`, async () => {
      const run = await tinyRun(editor.folder, 'digits', { name: `followed-${width}`, steps: [10], rows: 1 });
      await writeStatus(run.paths, { status: 'running', step: 10, seconds: 1 });
      const live = await editor.openPage(run.file(), { width, height });
      const { page } = live;
      await showTab(page, '.diag', 'Run');
      await page.locator('.run-status input[type=checkbox]').check();
      await page.locator('.worked').waitFor();
      await page.locator('.flow[aria-busy=false]').waitFor();
      await page.locator('.sheet canvas, .gallery.away').first().waitFor({ state: 'attached' });
      await page.locator('.way, .gallery.away').first().waitFor({ state: 'attached' });
      // What is slow to come the first time is no move.
      await until('the page to be still', async () => {
        const moved = await watch(page);
        await pause(500);
        return (await moved()).length === 0;
      });
      const moved = await watch(page);
      for (let step = 20; step <= 140; step += 10) {
        await run.reach(step);
        appendFileSync(run.paths.metrics, `${JSON.stringify(metricsRow(step / 10 - 1))}\n`);
        await writeStatus(run.paths, { status: 'running', step, seconds: step / 10 });
        await live.changed('run');
        await pause(100);
      }
      await page.locator('[data-at-step="140"]').waitFor();
      await page.locator('.flow[aria-busy=false]').waitFor();
      assert.deepEqual(await moved(), []);
      // What watches sees what moves.
      await restyle(page, '.bar { padding-top: 3px }');
      await until('a move', async () => (await moved()).length > 3);
    });
});
