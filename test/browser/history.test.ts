/** Back and forward, commands of the host, what the host is told, and what a reload of the window keeps. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import type { Strip } from '../../src/protocol/inspect';
import type { ModelSummary } from '../../src/protocol/model';
import { defaultSelection } from '../../src/protocol/questions';
import { InspectorBrowser, parseNumber } from './support/inspector-page';
import { ToyFlow } from './support/toy-flow';

const settle = 600;

describe('selections', () => {
  let browser: InspectorBrowser;
  before(async () => {
    browser = await InspectorBrowser.start();
  });
  after(() => browser.stop());

  const title = (page: Page): Promise<string> => page.locator('.head h2').innerText();
  const tab = (page: Page): Promise<string> =>
    page.locator('.layer [role=tab][aria-selected=true]').innerText();
  const told = async (page: Page, name: string): Promise<unknown> => {
    const calls = await page.evaluate(
      (wanted) => window.toyHost.calls.filter((call) => call.startsWith(wanted)),
      name,
    );
    return (JSON.parse(calls.at(-1)!.slice(name.length)) as unknown[])[0];
  };

  it('are gone back to and forward again, by keys and by buttons', async () => {
    const { page, close } = await browser.openLive({ kind: 'image' });
    await page.locator('.worked').waitFor();
    const back = page.getByRole('button', { name: /^Back to the earlier selection/ });
    const forward = page.getByRole('button', { name: /^Forward again/ });
    assert.ok(await back.isDisabled());
    await page.waitForTimeout(settle);
    // A held key: only where it ends is a place to come back to.
    await page.evaluate(() => {
      for (let i = 0; i < 4; i++)
        document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true }));
    });
    const reached = await title(page);
    assert.notEqual(reached, 'Coupling 1');
    await page.waitForTimeout(settle);
    await page.keyboard.press('2');
    assert.equal(await tab(page), 'Mask');
    await page.waitForTimeout(settle);
    await page.keyboard.press('Alt+ArrowLeft');
    assert.deepEqual([await title(page), await tab(page)], [reached, 'Activations']);
    await page.keyboard.press('Alt+ArrowLeft');
    assert.deepEqual([await title(page), await tab(page)], ['Coupling 1', 'Activations']);
    assert.ok(await back.isDisabled());
    await forward.click();
    assert.equal(await title(page), reached);
    await page.keyboard.press('Alt+ArrowRight');
    assert.equal(await tab(page), 'Mask');
    assert.ok(await forward.isDisabled());
    await close();
  });

  it('leave Alt and an arrow to VS Code where there is nothing to go back to', async () => {
    const { page, close } = await browser.openLive({ kind: 'image' });
    await page.locator('.worked').waitFor();
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
    await page.waitForTimeout(settle);
    await page.evaluate(() => window.toyHost.act('nextLayer'));
    await page.waitForFunction(() => document.querySelector('.head h2')?.textContent === 'Coupling 2');
    await page.evaluate(() => (document.body.dataset['passed'] = ''));
    await page.keyboard.press('Alt+ArrowLeft');
    assert.equal(await title(page), 'Coupling 1');
    assert.doesNotMatch((await passed()) ?? '', /ArrowLeft/);
    await close();
  });

  it('follow the commands of the host', async () => {
    const { page, close } = await browser.openLive({ kind: 'image' });
    await page.locator('.worked').waitFor();
    const act = (action: Parameters<Window['toyHost']['act']>[0]): Promise<void> =>
      page.evaluate((wanted) => {
        window.toyHost.act(wanted);
      }, action);
    await act('lastLayer');
    await page.waitForFunction(() => document.querySelector('.head h2')?.textContent === 'Coupling 6');
    await page.evaluate(() => {
      window.toyHost.select({ tab: 'logdet' });
    });
    await page.getByRole('tab', { name: 'Log-det', selected: true }).waitFor();
    // Of vectors in the plane only.
    await page.evaluate(() => {
      window.toyHost.select({ tab: 'plane' });
    });
    await act('nextExample');
    await page.waitForFunction(() => window.toyHost.calls.some((c) => /^ask \["strip".*"index":1/.test(c)));
    assert.equal(await tab(page), 'Log-det');
    await act('drawSamples');
    await page.waitForFunction(() => window.toyHost.calls.some((c) => /^ask \["samples".*"seed":8/.test(c)));
    await act('copyReport');
    await page.waitForFunction(() => window.toyHost.calls.some((c) => c.startsWith('copyText')));
    const report = (await told(page, 'copyText')) as string;
    assert.match(report, /\d\.\d{3} bits\/dim, this example/);
    assert.match(report, /Coupling 6\t[\d×]+\t[+−]?\d/);
    await act('showKeys');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await close();
  });

  it('are told to the host with the layers and their log-dets', async () => {
    const { page, close } = await browser.openLive({ kind: 'image' });
    await page.locator('.worked').waitFor();
    await page.waitForFunction(() =>
      window.toyHost.calls.some((c) => c.startsWith('outline') && c.includes('logDet')),
    );
    const layers = (await told(page, 'outline')) as { title: string; shape: string; logDet: string }[];
    assert.equal(layers[0]?.title, 'Logit');
    const flow = new ToyFlow({ kind: 'image' });
    const { rows } = flow.answer(
      'strip',
      defaultSelection(flow.answer('summary', undefined) as ModelSummary),
    ) as Strip;
    assert.equal(layers.length, rows.length);
    for (const [i, { logDet }] of layers.entries()) {
      assert.match(logDet, /^[+−]?\d+\.\d$/);
      const { coupling, norm } = rows[i]!.mean;
      assert.ok(Math.abs(parseNumber(logDet) - (coupling + norm)) <= 0.0501, `${i}: ${logDet}`);
    }
    assert.deepEqual(await told(page, 'selected'), {
      layer: 1,
      canGoBack: false,
      canGoForward: false,
      hasPlane: false,
      hasCheckpoints: true,
    });
    await close();
  });

  it('mark the layer where NaN starts', async () => {
    const { page, close } = await browser.openLive({ kind: 'image', overflowAt: 2 });
    await page.waitForFunction(() =>
      window.toyHost.calls.some((c) => c.startsWith('outline') && c.includes('"first":true')),
    );
    const layers = (await told(page, 'outline')) as { index: number; first: boolean; nonFinite: number }[];
    const marked = layers.filter(({ first }) => first);
    assert.equal(marked.length, 1);
    assert.ok(marked[0]!.nonFinite > 0);
    assert.ok(
      layers.filter(({ index }) => index < marked[0]!.index).every(({ nonFinite }) => nonFinite === 0),
    );
    await close();
  });

  it('come back after a reload of the window: layer, tab, example, statistics, gallery', async () => {
    const { page, close } = await browser.openLive({ kind: 'image' });
    await page.locator('.worked').waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('3');
    await page.getByRole('tab', { name: 'Interpolate' }).click();
    await page.getByRole('tab', { name: 'Run', exact: true }).click();
    await page.locator('[data-map=logdet]').waitFor();
    const shown = async (): Promise<unknown[]> => [
      await title(page),
      await page.locator('[role=tab][aria-selected=true]').allInnerTexts(),
      await page.locator('[data-result]').innerText(),
      await page.evaluate(() => window.toyHost.state),
    ];
    const before = await shown();
    assert.deepEqual(before.slice(0, 2), ['Coupling 2', ['Log-det', 'Interpolate', 'Run']]);
    await page.reload();
    await page.locator('[data-map=logdet]').waitFor();
    await page.waitForFunction(() => /\d/.test(document.querySelector('[data-result]')?.textContent ?? ''));
    assert.deepEqual(await shown(), before);
    await close();
  });
});
