/** The page in conversation with a host: selection, keys, loading, cancelling, failing, NaN. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { InspectorBrowser, parseNumber } from './support/inspector-page';
import { ToyFlow } from './support/toy-flow';

describe('live page', () => {
  let browser: InspectorBrowser;
  before(async () => {
    browser = await InspectorBrowser.start();
  });
  after(() => browser.stop());

  const calls = (page: Page, name: string): Promise<string[]> =>
    page.evaluate((wanted) => window.toyHost.calls.filter((call) => call.startsWith(wanted)), name);
  const title = (page: Page): Promise<string> => page.locator('.head h2').innerText();

  it('walks layers, tabs, examples and checkpoints by keys', async () => {
    const { page, close } = await browser.openLive({ kind: 'image' });
    await page.locator('.worked').waitFor();
    assert.equal(await title(page), 'Coupling 1');
    await page.keyboard.press('ArrowDown');
    assert.equal(await title(page), 'Coupling 2');
    await page.keyboard.press('End');
    assert.equal(await title(page), 'Coupling 6');
    await page.keyboard.press('Home');
    assert.equal(await title(page), 'Logit');
    await page.keyboard.press('ArrowDown');
    for (const [key, name] of [
      ['2', 'Mask'],
      ['3', 'Log-det'],
      ['4', 'Conditioner'],
      ['5', 'Jacobian'],
      ['1', 'Activations'],
    ] as const) {
      await page.keyboard.press(key);
      await page.getByRole('tab', { name, selected: true }).waitFor();
    }
    const before = await page.locator('[data-result]').innerText();
    await page.keyboard.press('ArrowRight');
    await page.waitForFunction((old) => {
      const now = document.querySelector('[data-result]')?.textContent;
      return now !== old && now !== '–';
    }, before);
    // The one after it may have been asked for ahead of time.
    const asked = await calls(page, 'ask ["strip"');
    assert.ok(
      asked.slice(1).some((call) => call.includes('"index":1')),
      asked.join('\n'),
    );
    await page.keyboard.press('[');
    await page.locator('[data-step="160"]').waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await close();
  });

  it('moves focus with the selection in the strip, one stop of the Tab key', async () => {
    const { page, close } = await browser.openLive({ kind: 'image' });
    await page.locator('[data-layer="1"]').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('data-layer')), '3');
    assert.equal(await page.locator('.flow [tabindex="0"]').count(), 1);
    await close();
  });

  it('shows skeletons with Cancel while it waits, then Retry', async () => {
    const { page, close } = await browser.openLive({
      kind: 'image',
      delays: { layer: 60_000, layerOfExample: 60_000 },
    });
    const panel = page.locator('#layer-panel');
    await panel.locator('.skeleton').first().waitFor();
    // The frame of the layer stands already: title, mask, tabs.
    assert.equal(await title(page), 'Coupling 1');
    const cancelled = (): Promise<number> => page.evaluate(() => window.toyHost.cancelled.length);
    const before = await cancelled();
    await panel.getByText('Cancel').click();
    await panel.getByText('Cancelled').waitFor();
    assert.equal(await cancelled(), before + 2, 'the whole layer and the example alone');
    await page.evaluate(() => (window.toyHost.delays = {}));
    await panel.getByText('Retry').click();
    await page.locator('.worked').waitFor();
    await close();
  });

  it('shows the layers of an outline while the model is being opened, and what opening it says next', async () => {
    const live = await browser.openLive({ kind: 'image', delays: { summary: 60_000, strip: 60_000 } });
    const { page } = live;
    assert.equal(await page.locator('.flow [role=option]').count(), 0);
    await page.evaluate(() => window.toyHost.outlined());
    await page.locator('.flow [data-layer]').first().waitFor();
    assert.equal(await page.locator('.flow[aria-busy=true]').count(), 1, 'its numbers are not there yet');
    // Whoever asks again is not told what was true before.
    await page.evaluate(() => {
      window.toyHost.delays = {};
      window.toyHost.errors = { summary: 'toy.flow.safetensors: is damaged.' };
      window.toyHost.changed('model');
    });
    await page.getByText('is damaged').waitFor();
    await live.close();
  });

  it('shows what is known of the example while the batch takes its time', async () => {
    const { page, close } = await browser.openLive({ kind: 'image' });
    await page.locator('.worked').waitFor();
    const whole = await page.locator('[data-result]').innerText();
    const sum = page.locator('.flow [data-layer="2"] .num').first();
    const drawn = (): Promise<string> =>
      page.evaluate(() =>
        document.querySelector<HTMLCanvasElement>('[data-map="s[0]"], .layer canvas')!.toDataURL(),
      );
    const [contribution, map] = [await sum.innerText(), await drawn()];
    await close();

    const slow = await browser.openLive({ kind: 'image', delays: { strip: 60_000, layer: 60_000 } });
    await slow.page.locator('.worked').waitFor();
    assert.equal(await slow.page.locator('[data-result]').innerText(), whole);
    const row = slow.page.locator('.flow [data-layer="2"] .num');
    assert.equal(await row.first().innerText(), contribution);
    assert.equal(await row.nth(1).innerText(), '–', 'the round trip is of the batch');
    assert.equal(
      await slow.page.evaluate(() =>
        document.querySelector<HTMLCanvasElement>('[data-map="s[0]"], .layer canvas')!.toDataURL(),
      ),
      map,
    );
    await slow.page.locator('.strip').getByText('Cancel').waitFor();
    await slow.page.evaluate(() => (window.toyHost.delays = {}));
    await slow.page.waitForFunction(
      () => document.querySelectorAll('.flow [data-layer="2"] .num')[1]?.textContent !== '–',
    );
    await slow.close();
  });

  it('never shows an answer of another selection', async () => {
    const { page, close } = await browser.openLive({ kind: 'image' });
    await page.locator('.worked').waitFor();
    await page.evaluate(
      () =>
        (window.toyHost.delays = {
          strip: 60_000,
          stripOfExample: 60_000,
          layer: 60_000,
          layerOfExample: 60_000,
        }),
    );
    const before = await page.locator('[data-result]').innerText();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    // What stood there is gone, and the call that nobody waits for was cancelled.
    await page.locator('[data-result]', { hasText: '–' }).waitFor();
    await page.locator('.worked').waitFor({ state: 'detached' });
    await page.waitForFunction(() => window.toyHost.cancelled.length >= 2);
    await page.evaluate(() => (window.toyHost.delays = {}));
    await page.locator('.worked').waitFor();
    const asked = await calls(page, 'ask ["layer"');
    assert.ok(
      asked.some((call) => call.includes('"index":2')),
      asked.join('\n'),
    );
    assert.notEqual(await page.locator('[data-result]').innerText(), before);
    await close();
  });

  it('keeps the frames where they are from loading to ready', async () => {
    const { page, close } = await browser.openLive({
      kind: 'image',
      delays: { layer: 60_000, layerOfExample: 60_000, strip: 60_000, diagnostics: 60_000 },
    });
    const boxes = (): Promise<string> =>
      page.evaluate(() =>
        JSON.stringify(
          ['.strip', '.layer', '.gallery', '.diag', '.flow [data-layer="4"]'].map((selector) => {
            const { x, y, width, height } = document.querySelector(selector)!.getBoundingClientRect();
            return [x, y, width, height];
          }),
        ),
      );
    await page.locator('#layer-panel .skeleton').first().waitFor();
    const loading = await boxes();
    await page.evaluate(() => (window.toyHost.delays = {}));
    await page.locator('.worked').waitFor();
    await page.locator('.waterfall').waitFor();
    assert.equal(await boxes(), loading);
    await close();
  });

  it('says what failed, why, and offers Retry and the log', async () => {
    const { page, close } = await browser.openLive({
      kind: 'image',
      errors: {
        network: 'Tensor scales.0.checkerboard.1.input.weight is cut off: 12 of 48 bytes are there.',
      },
    });
    await page.locator('.worked').waitFor();
    await page.keyboard.press('4');
    const panel = page.locator('#layer-panel');
    await panel.getByText('is cut off: 12 of 48 bytes').waitFor();
    await panel.getByText('Show log').click();
    assert.equal((await calls(page, 'showLog')).length, 1);
    await page.evaluate(() => (window.toyHost.errors = {}));
    await panel.getByText('Retry').click();
    await panel.getByText('input.bias').waitFor();
    await close();
  });

  it('keeps Retry where it is while it is pressed, and while the file is read again', async () => {
    const { page, close } = await browser.openLive({ kind: 'image', errors: { network: 'It is cut off.' } });
    await page.locator('.worked').waitFor();
    await page.keyboard.press('4');
    const panel = page.locator('#layer-panel');
    const button = panel.locator('vscode-button', { hasText: 'Retry' });
    await button.waitFor();
    await button.evaluate((element) => element.setAttribute('data-same', ''));
    const same = panel.locator('vscode-button[data-same]');
    const asked = async (): Promise<number> =>
      (await calls(page, 'ask')).filter((call) => call.includes('"network"')).length;

    // The file changed: the same question is asked again, and fails again after a while.
    const before = await asked();
    await page.evaluate(() => {
      window.toyHost.delays = { network: 500 };
      window.toyHost.changed('model');
    });
    for (let i = 0; i < 100 && (await asked()) === before; i++) await page.waitForTimeout(10);
    assert.ok((await asked()) > before, 'it is asked again');
    assert.equal(await same.count(), 1);
    await page.waitForTimeout(700);
    assert.equal(await same.count(), 1);

    // An answer that comes while the button is pressed takes it away only once it is let go.
    const box = (await button.boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.evaluate(() => {
      window.toyHost.delays = {};
      window.toyHost.errors = {};
      window.toyHost.changed('model');
    });
    await page.waitForTimeout(300);
    assert.equal(await same.count(), 1);
    await page.mouse.up();
    await panel.getByText('input.bias').waitFor();
    assert.equal(await same.count(), 0);
    await close();
  });

  it('says why a model cannot be opened', async () => {
    const { page, close } = await browser.openLive({
      kind: 'image',
      errors: { summary: 'The file is empty.' },
    });
    await page.getByText('The file is empty.').waitFor();
    await page.getByText('The model could not be opened').waitFor();
    await close();
  });

  it('marks the first layer with NaN or ∞ and draws nothing over such values', async () => {
    const { page, close } = await browser.openLive({ kind: 'image', overflowAt: 3 });
    await page.locator('.badge-nan').waitFor();
    assert.equal(await page.locator('.badge-nan').count(), 1);
    assert.equal(await page.locator('[data-layer="5"] .badge-nan').count(), 1);
    await page.locator('.bar .hero.bad').waitFor();
    await page.getByText('first at coupling 4').click();
    assert.equal(await title(page), 'Coupling 4');
    await page.locator('[data-tensor=y] dd .bad').waitFor();
    assert.equal(await page.locator('.waterfall').count(), 0);
    await page.getByText('First non-finite value: coupling 4').waitFor();
    await close();
  });

  it('knows the next example before it is paged to', async () => {
    const { page, close } = await browser.openLive({ kind: 'image' });
    const result = (): Promise<number> => page.locator('[data-result]').innerText().then(parseNumber);
    await page.locator('.worked').waitFor();
    const first = await result();
    for (const [key, index] of [
      ['ArrowRight', 1],
      ['ArrowRight', 2],
      ['ArrowLeft', 1],
    ] as const) {
      const seen = `"index":${index}`;
      await page.waitForFunction(
        (what) =>
          ['strip', 'layer'].every((m) =>
            window.toyHost.calls.some((c) => c.startsWith(`ask ["${m}"`) && c.includes(what)),
          ),
        seen,
      );
      await page.waitForTimeout(100);
      // What was not asked for by now would take longer than this test waits.
      await page.evaluate(() => (window.toyHost.delays = { strip: 20_000, layer: 20_000 }));
      const before = await page.locator('.worked').innerText();
      await page.keyboard.press(key);
      await page.waitForFunction(
        (text) => document.querySelector<HTMLElement>('.worked')?.innerText !== text,
        before,
        { timeout: 5000 },
      );
      await page.evaluate(() => (window.toyHost.delays = {}));
    }
    assert.notEqual(await result(), first);
    await close();
  });

  it('lives without data: the first sample is the example, any other becomes it', async () => {
    const { page, close } = await browser.openLive({ kind: 'image', noData: true });
    const toy = new ToyFlow({ kind: 'image', noData: true });
    await page.locator('canvas[data-name=sample]').first().waitFor();
    assert.match(
      (await calls(page, 'ask ["strip"'))[0]!,
      /"kind":"sample","count":25,"seed":7,"temperature":0.8,"index":0/,
    );
    const costs = toy.nll(toy.sample(7, 0.8, 0).at(-1)!).bitsPerDim!;
    assert.ok(Math.abs(parseNumber(await page.locator('[data-result]').innerText()) - costs) < 0.006);
    // It stands among samples, as there is nothing else to compare with.
    const chart = page.locator('.chart', { hasText: 'How likely is x' });
    await chart.getByText('fill samples, temperature 1').waitFor();
    assert.ok((await chart.locator('rect.fill').count()) > 3);
    await page
      .getByRole('button', { name: 'mean' })
      .or(page.getByRole('radio', { name: 'mean' }))
      .click();
    await page.locator('vscode-dropdown[title="Where the example comes from"]').click();
    await page.locator('vscode-option:visible', { hasText: 'None' }).click();
    await page.getByText('No example is chosen').waitFor();
    await page.getByRole('tab', { name: 'Examples' }).click();
    await page.getByText('The file digits.csv was moved.').waitFor();
    await page.getByRole('tab', { name: 'Samples' }).click();
    await page.locator('.thumbs button').nth(3).click();
    await page.getByText('Use as example').click();
    await page.waitForFunction(() =>
      window.toyHost.calls.some(
        (c) => c.startsWith('ask ["strip"') && c.includes('"kind":"sample"') && c.includes('"index":3'),
      ),
    );
    await close();
  });

  it('takes typed numbers as the example of a vector flow, and refuses what is none', async () => {
    const { page, close } = await browser.openLive({ kind: 'vector' });
    await page.locator('.worked').waitFor();
    await page.locator('vscode-dropdown').first().click();
    await page.locator('vscode-option', { hasText: 'Typed values' }).click();
    const field = page.locator('.bar vscode-text-field input');
    await field.fill('1, 2, three');
    await field.press('Enter');
    await page.getByText('5 numbers are expected').waitFor();
    await field.fill('1, 2, 3, 4, 5.5');
    await field.press('Enter');
    await page.waitForFunction(() => window.toyHost.calls.some((c) => c.includes('"values":[1,2,3,4,5.5]')));
    await close();
  });

  it('hands over pictures and numbers of the layer', async () => {
    const { page, close } = await browser.openLive({ kind: 'image' });
    await page.locator('.worked').waitFor();
    for (const entry of ['Save CSV', 'Save PNG']) {
      await page.locator('.layer .take-button').click();
      await page.getByRole('menuitem', { name: entry }).click();
    }
    await page.waitForFunction(() => window.toyHost.calls.filter((c) => c.startsWith('save')).length === 2);
    const saved = await calls(page, 'save');
    assert.match(saved[0]!, /activations\.csv.*row,column,channel,x,s \[nats\],t,y,mask,log_det/);
    assert.match(saved[1]!, /activations\.png.*PNG/);
    await close();
  });

  it('asks again when the model changed on disk, and keeps the choices', async () => {
    const { page, close } = await browser.openLive({ kind: 'image' });
    await page.locator('.worked').waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('3');
    await page.locator('[data-map=logdet]').waitFor();
    const asked = (await calls(page, 'ask ["strip"')).length;
    await page.evaluate(() => window.toyHost.changed('model'));
    await page.waitForFunction(
      (n) => window.toyHost.calls.filter((c) => c.startsWith('ask ["strip"')).length > n,
      asked,
    );
    await page.locator('[data-map=logdet]').waitFor();
    assert.equal(await title(page), 'Coupling 2');
    const kept = (await page.evaluate(() => window.toyHost.state)) as { layer: number; tab: string };
    assert.deepEqual([kept.layer, kept.tab], [2, 'logdet']);
    await close();
  });

  it('asks for samples by seed, temperature and number', async () => {
    const { page, close } = await browser.openLive({ kind: 'image' });
    await page.locator('canvas[data-name=sample]').first().waitFor();
    await page.getByRole('button', { name: /^Sample:/ }).click();
    await page.waitForFunction(() =>
      window.toyHost.calls.some((c) => c.startsWith('ask ["samples"') && c.includes('"seed":8')),
    );
    const temperature = page.getByRole('slider', { name: 'Temperature' });
    await temperature.focus();
    await page.keyboard.press('ArrowRight');
    await page.waitForFunction(() =>
      window.toyHost.calls.some((c) => c.startsWith('ask ["samples"') && c.includes('"temperature":0.85')),
    );
    await close();
  });

  it('folds a flow of many layers and opens it on demand', async () => {
    const { page, close } = await browser.openLive({ kind: 'vector', couplings: 90 });
    await page.locator('.worked').waitFor();
    assert.ok((await page.locator('.flow [role=option]').count()) < 40);
    const folded = page.locator('.flow [role=option]', { hasText: '24 layers' }).first();
    await folded.focus();
    await page.keyboard.press('Enter');
    await page.locator('[data-layer="30"]').waitFor();
    await page.keyboard.press('End');
    await page.locator('[data-layer="90"][aria-selected=true]').waitFor();
    await close();
  });
});
