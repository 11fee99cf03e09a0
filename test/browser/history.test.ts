/** Back and forward, commands of the host, what the host is told, and what a reload of the window keeps. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { showTab } from '../inspector/models';
import type { Locator, Page } from 'playwright-core';
import { eventually, near, parseNumber } from '../inspector/frame';
import { until } from '../inspector/until';
import type { EngineWindow } from './support/engine-window';
import type { EnginePage } from './support/engine-page';
import { inWindow } from './support/in-window';
import { tinyModel, tinyRun, type TinyRun } from './support/tiny-models';

describe('selections', () => {
  let editor: EngineWindow;
  let digits: TinyRun;
  inWindow(
    async (started) => {
      editor = started;
      digits = await tinyRun(editor.folder, 'digits');
    },
    { untrained: true },
  );

  const title = (page: Page): Promise<string> => page.locator('.head h2').innerText();
  const titled = (page: Page, name: string) => page.locator('.head h2', { hasText: name }).waitFor();
  const tab = (page: Page): Promise<string> =>
    page.locator('.layer [role=tab][aria-selected=true]').innerText();
  /** A page whose clock can be set forward. */
  const ready = async (): Promise<EnginePage> => {
    const opened = await editor.openPage(digits.file());
    await opened.page.locator('.worked').waitFor();
    await opened.page.clock.install();
    return opened;
  };
  /** What is looked at for less than half a second is no place to come back to. */
  const rest = (page: Page) => page.clock.fastForward(600);

  /** A button shows it a frame later. */
  const off = (button: Locator) => until('a disabled button', () => button.isDisabled());

  it('are gone back to and forward again, by keys and by buttons', async () => {
    const { page } = await ready();
    const back = page.getByRole('button', { name: /^Back to the earlier selection/ });
    const forward = page.getByRole('button', { name: /^Forward again/ });
    await off(back);
    await rest(page);
    // A held key: only where it ends is a place to come back to.
    await page.evaluate(() => {
      for (let i = 0; i < 4; i++)
        document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true }));
    });
    const reached = await title(page);
    assert.notEqual(reached, 'Coupling 1');
    await rest(page);
    await page.keyboard.press('2');
    assert.equal(await tab(page), 'Mask');
    await rest(page);
    await page.keyboard.press('Alt+ArrowLeft');
    assert.deepEqual([await title(page), await tab(page)], [reached, 'Activations']);
    await page.keyboard.press('Alt+ArrowLeft');
    assert.deepEqual([await title(page), await tab(page)], ['Coupling 1', 'Activations']);
    await off(back);
    await forward.click();
    assert.equal(await title(page), reached);
    await page.keyboard.press('Alt+ArrowRight');
    assert.equal(await tab(page), 'Mask');
    await off(forward);
  });

  it('leave Alt and an arrow to VS Code where there is nothing to go back to', async () => {
    const live = await ready();
    const { page } = live;
    // As the webview does, which hands keys on to the workbench.
    await page.evaluate(() => {
      window.addEventListener('keydown', (event) => {
        document.body.dataset['passed'] = `${document.body.dataset['passed'] ?? ''} ${event.key}`;
        event.preventDefault();
      });
    });
    const passed = (): Promise<string | undefined> =>
      page.evaluate(() => document.body.dataset['passed']?.trim());
    await page.keyboard.press('Alt+ArrowLeft');
    assert.match((await passed()) ?? '', /ArrowLeft$/);
    await rest(page);
    live.act('nextLayer');
    await titled(page, 'Coupling 2');
    await page.evaluate(() => (document.body.dataset['passed'] = ''));
    await page.keyboard.press('Alt+ArrowLeft');
    assert.equal(await title(page), 'Coupling 1');
    assert.doesNotMatch((await passed()) ?? '', /ArrowLeft/);
  });

  it('follow the commands of the host', async () => {
    const live = await ready();
    const { page } = live;
    live.act('lastLayer');
    await titled(page, 'Coupling 10');
    live.select({ tab: 'logdet' });
    await page.getByRole('tab', { name: 'Log-det', selected: true }).waitFor();
    // Of vectors in the plane only.
    live.select({ tab: 'plane' });
    live.act('nextExample');
    const index = page.locator('.bar vscode-text-field[title^="Index of the example"] input');
    await until('the next example', async () => (await index.inputValue()) === '1');
    assert.equal(await tab(page), 'Log-det');
    live.act('drawSamples');
    await live.untilAsked('samples', ({ seed }) => seed === 8);
    await page.locator('.flow[aria-busy=false]').waitFor();
    live.act('copyReport');
    const report = await until('the report', () => live.said('copyText')[0]?.[0] as string | undefined);
    assert.match(report, /\d\.\d{3} bits\/dim, this example/);
    assert.match(report, /Coupling 10\t[\d×]+\t[+−]?\d/);
    live.act('showKeys');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
  });

  it('are told to the host with the layers and their log-dets', async () => {
    const live = await ready();
    const { page } = live;
    assert.deepEqual(live.said('selected').at(-1)?.[0], {
      ...{ layer: 1, canGoBack: false, canGoForward: false, hasPlane: false, hasCheckpoints: true },
    });
    // The means over the batch, which the strip says as well.
    await page.locator('.strip').getByRole('radio', { name: 'mean' }).click();
    await page.locator('.flow[aria-busy=false]').waitFor();
    await eventually(async () => {
      const layers = live.said('outline').at(-1)![0] as { title: string; logDet: string }[];
      const rows = await page
        .locator('.flow [data-layer]')
        .evaluateAll((all) => all.map((row) => row.querySelector('.num')?.textContent ?? ''));
      assert.equal(layers[0]?.title, 'Logit');
      assert.equal(layers.length, 13);
      assert.ok(rows.filter((text) => /\d/.test(text)).length >= 11, rows.join());
      rows.forEach((text, i) => {
        if (/\d/.test(text)) near(parseNumber(layers[i]!.logDet), parseNumber(text), 0.0501, `layer ${i}`);
      });
    });
  });

  it('mark the layer where NaN starts', async () => {
    const broken = await tinyModel(editor.folder, 'digits', {
      change: (tensor, values) => {
        if (tensor.startsWith('scales.0.checkerboard.2.') && tensor.endsWith('bias')) values.fill(NaN);
      },
    });
    const live = await editor.openPage(broken.file());
    interface Told {
      index: number;
      first: boolean;
      nonFinite: number;
    }
    const layers = await until('a mark', () => {
      const told = live.said('outline').at(-1)?.[0] as Told[] | undefined;
      return told?.some(({ first }) => first) && told;
    });
    assert.deepEqual(
      layers.filter(({ first }) => first).map(({ index }) => index),
      [3],
    );
    for (const { index, nonFinite } of layers) assert.equal(nonFinite > 0, index >= 3, `layer ${index}`);
  });

  it('come back after a reload of the window: layer, tab, example, statistics, gallery', async () => {
    const live = await editor.openPage(digits.file());
    const { page } = live;
    await page.locator('.worked').waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('3');
    await showTab(page, '.gallery', 'Interpolate');
    await page.getByRole('tab', { name: 'Run', exact: true }).click();
    const shown = async (): Promise<unknown[]> => {
      await page.locator('[data-map=logdet]').waitFor();
      await page.locator('.flow[aria-busy=false]').waitFor();
      return [
        await title(page),
        await page.locator('[role=tab][aria-selected=true]').allInnerTexts(),
        await page.locator('[data-result]').innerText(),
        await live.state(),
      ];
    };
    const before = await shown();
    assert.deepEqual(before.slice(0, 2), ['Coupling 2', ['Log-det', 'Interpolate', 'Run']]);
    assert.match(before[2] as string, /\d/);
    await page.reload();
    await until('what was there', async () => JSON.stringify(await shown()) === JSON.stringify(before));
  });
});
