/** What a reload of the window keeps: of runs, and of models that other libraries trained. */
import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Frame } from 'playwright-core';
import { couplingLogDets, result } from '../inspector/frame';
import { modelName, runNameOf } from '../../src/extension/view-types';
import { folder, isImage, type Model, showTab, triedOn } from '../inspector/models';
import { until } from '../inspector/until';
import { inWindow } from './in-window';
import type { Workbench } from './workbench';

describe('runs', function () {
  this.timeout(240_000);
  let workbench: Workbench;

  inWindow((window) => {
    workbench = window;
  });

  it('and models of others come back as they were after the window is reloaded', async function () {
    // Files of their own: a window remembers what was looked at in those of the other tests.
    for (const run of ['gray', 'handwritten', 'crescents'])
      cpSync(folder(run), folder('again', run), { recursive: true });
    for (const peer of ['nflows-2d', 'chrischute-rgb'])
      for (const name of [`${peer}.pt`, `${peer}.pt.flowscope.json`])
        cpSync(folder(name), folder('again', name), { recursive: true });
    const second = await workbench.another();
    // Desktop VS Code has no second window that a test could reload.
    if (!second) return this.skip();
    const { page } = second;
    const active = (file: string) =>
      page.locator('.tabs-container .tab[aria-selected=true]', { hasText: titleOf(file) });
    try {
      // What another window had open comes along.
      await second.palette('View: Close All Editors');
      await page.locator('.tabs-container .tab').first().waitFor({ state: 'hidden' });
      const show = async (model: Model): Promise<Frame> => {
        const tabs = page.locator('.tabs-container .tab');
        const file = model.file();
        // Until its page is looked at, a tab that came back says the file's name.
        await tabs
          .filter({ hasText: titleOf(file) })
          .or(tabs.filter({ hasText: path.basename(file) }))
          .last()
          .click();
        return second.webview('[data-result]', 90_000);
      };
      const seen = async (frame: Frame, index: number) => {
        await frame.locator('.flow[aria-busy=false]').waitFor();
        const field = frame.locator('.bar vscode-text-field[title^="Index of the example"] input');
        await until('the example', async () => (await field.inputValue()) === String(index));
        await until('a result', async () => Number.isFinite(await result(frame).catch(() => NaN)));
        // What was shown of the step before stays for a tenth of a second without a sign.
        await until('the strip to stay', async () => {
          const before = await couplingLogDets(frame);
          await pause(200);
          return isDeepStrictEqual(await couplingLogDets(frame), before);
        });
        return {
          title: await frame.locator('.head h2').innerText(),
          layer: await frame.locator('.flow [aria-selected=true]').getAttribute('data-layer'),
          tabs: await frame.locator('[role=tab][aria-selected=true]').allInnerTexts(),
          step: await frame.locator('[data-step]').allInnerTexts(),
          strip: await couplingLogDets(frame),
          result: await result(frame),
        };
      };
      const states: Awaited<ReturnType<typeof seen>>[] = [];
      for (const [i, model] of triedOn.entries()) {
        const relative = path.relative(folder(), model.file());
        await page.keyboard.press('ControlOrMeta+P');
        await second.input().waitFor();
        await second.input().fill(`again/${relative}`);
        const row = second
          .rows()
          .filter({ hasText: path.basename(relative) })
          .filter({ hasText: 'again' });
        await row.first().click();
        await active(relative).waitFor();
        if (model.steps.length === 0) await second.palette('Flowscope: Open in Inspector');
        const frame = await second.webview('[data-result]', 90_000);
        await active(relative).waitFor();
        await frame.locator('.flow[aria-busy=false]').waitFor();
        const before = await result(frame);
        await frame.locator('[data-layer]').first().focus();
        for (let k = 0; k <= i + 1; k++) await page.keyboard.press('ArrowDown');
        await page.keyboard.press(String(2 + (i % 3)));
        for (let k = 0; k <= i; k++) await page.keyboard.press('ArrowRight');
        if (model.steps.length > 0) {
          await page.keyboard.press('[');
          await frame.locator(`[data-step="${model.steps.at(-2)}"]`).waitFor();
        }
        await showTab(frame, '.gallery', i % 2 ? 'Interpolate' : 'Latents');
        await showTab(frame, '.diag', isImage(model) ? 'By pixel' : 'By feature');
        await until('another result', async () => {
          const now = await result(frame).catch(() => NaN);
          return Number.isFinite(now) && now !== before;
        });
        states.push(await seen(frame, i + 1));
      }
      assert.equal(new Set(states.map(({ result: cost }) => cost)).size, triedOn.length);
      await Promise.all([page.waitForEvent('load'), second.palette('Developer: Reload Window')]);
      for (const [i, model] of [...triedOn.entries()].reverse()) {
        const frame = await show(model);
        // The file's own checkpoint is there before the step that was looked at.
        const same = async () => isDeepStrictEqual(await seen(frame, i + 1), states[i]);
        await until('what was there', same, 20_000).catch(() => undefined);
        assert.deepEqual(await seen(frame, i + 1), states[i], model.name);
      }
    } catch (error) {
      await second.screenshot('failed-second-window');
      throw error;
    } finally {
      await page.close();
      rmSync(folder('again'), { recursive: true, force: true });
    }
  });
});

/** What the tab of a file says. */
function titleOf(file: string): string {
  const uri = { path: file };
  const run = runNameOf(uri);
  return run === undefined ? path.basename(file) : `${run} · ${modelName(uri)}`;
}
