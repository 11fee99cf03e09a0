/** Three themes, narrow windows, accessibility; screenshots are kept as artefacts. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import AxeBuilder from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import type { ModelSummary } from '../../src/protocol/model';
import { recordKey } from '../../src/protocol/webview';
import { InspectorBrowser, screenshot, type ThemeName } from './support/inspector-page';
import { recordedToy } from './support/recorded';
import { ToyFlow } from './support/toy-flow';

const themes: ThemeName[] = ['dark', 'light', 'high-contrast'];

describe('looks', () => {
  let browser: InspectorBrowser;
  before(async () => {
    browser = await InspectorBrowser.start();
  });
  after(() => browser.stop());

  /** Rules other than contrast do not depend on the theme: all of them once, contrast everywhere. */
  async function accessible(page: Page, what: string, all = true): Promise<void> {
    // What passes is not described, and without frames there is nothing to put together on a page of its own.
    const builder = new AxeBuilder({ page }).options({ resultTypes: ['violations'] }).setLegacyMode();
    const { violations } = await (all ? builder : builder.withRules(['color-contrast'])).analyze();
    const serious = violations.filter((v) => v.impact === 'serious' || v.impact === 'critical');
    assert.deepEqual(
      serious.map(
        (v) =>
          `${v.id}: ${v.nodes.map((n) => `${n.target.join(' ')} (${n.failureSummary ?? ''})`).join('; ')}`,
      ),
      [],
      what,
    );
  }

  /** Text that its own box cuts off, ellipses aside; and text under 11 px. */
  async function readable(page: Page): Promise<void> {
    const found = await page.evaluate(() => {
      const bad: string[] = [];
      for (const element of document.querySelectorAll('main *')) {
        if (![...element.childNodes].some((n) => n.nodeType === 3 && n.textContent?.trim())) continue;
        const style = getComputedStyle(element);
        if (element.classList.contains('sr') || style.visibility === 'hidden') continue;
        if (parseFloat(style.fontSize) < 11) bad.push(`${style.fontSize}: ${element.textContent}`);
        const box = element.getBoundingClientRect();
        if (box.width > 0 && box.right > window.innerWidth + 1 && !element.closest('.scroll-x, .panel'))
          bad.push(`beyond the edge: ${element.textContent}`);
      }
      return bad;
    });
    assert.deepEqual(found, []);
  }

  for (const kind of ['image', 'plane', 'vector'] as const) {
    // Pages of images and planes are looked at in all themes in the workbench (test/e2e/looks.test.ts).
    for (const theme of kind === 'vector' ? themes : themes.slice(0, 1)) {
      it(`${kind} flow, ${theme}`, async () => {
        const { page, close } = await browser.openRecorded(recordedToy({ kind }), { theme });
        await page.locator('.waterfall').waitFor();
        const tabs = page.locator('#layer-panel');
        await tabs
          .locator('canvas')
          .first()
          .waitFor({ timeout: 5000 })
          .catch(() => {});
        await screenshot(page, `${kind}-${theme}-first`);
        await accessible(page, `${kind} ${theme}`, theme === 'dark');
        await readable(page);
        for (const name of ['Activations', 'Mask', 'Log-det', 'Conditioner', 'Jacobian']) {
          await page.getByRole('tab', { name }).click();
          await page.waitForTimeout(60);
          await screenshot(page, `${kind}-${theme}-${name.toLowerCase()}`);
          await accessible(page, `${kind} ${theme} ${name}`, theme === 'dark');
        }
        for (const name of ['Interpolate', 'Reconstruct', 'Examples']) {
          const tab = page.getByRole('tab', { name });
          if ((await tab.count()) === 0) continue;
          await tab.click();
          await page.waitForTimeout(60);
          await screenshot(page, `${kind}-${theme}-${name.toLowerCase()}`);
          await accessible(page, `${kind} ${theme} ${name}`, theme === 'dark');
          await readable(page);
        }
        await page.getByRole('tab', { name: 'Run' }).click();
        await page.waitForTimeout(60);
        await screenshot(page, `${kind}-${theme}-run`);
        await accessible(page, `${kind} ${theme} run`, theme === 'dark');
        await close();
      });
    }
  }

  for (const [kind, theme, width] of [
    ['image', 'high-contrast', 1280],
    ['plane', 'light', 400],
    ['vector', 'dark', 1280],
  ] as const) {
    it(`what the gallery finds out alive, ${kind}, ${theme}, ${width} pixels`, async () => {
      const { page, close } = await browser.openLive({ kind }, { theme, width, height: 900 });
      await page.locator('[data-result]').waitFor();
      for (const [name, ready] of [
        ['Latents', '.edited-result'],
        ['Nearest', '[data-looked]'],
      ] as const) {
        await page.locator('.gallery').getByRole('tab', { name }).click();
        await page.locator(ready).waitFor();
        await screenshot(page, `${kind}-${theme}-${name.toLowerCase()}`);
        await accessible(page, `${kind} ${theme} ${name}`, theme === 'dark');
        await readable(page);
        const content = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(content <= width, `${kind}: ${content} in ${width}`);
      }
      await close();
    });
  }

  for (const [name, width, height] of [
    ['narrow', 400, 900],
    ['zoomed', 640, 400],
    ['middle', 900, 700],
  ] as const) {
    it(`no horizontal scroll bar at ${width}×${height}`, async () => {
      for (const kind of ['image', 'plane', 'vector'] as const) {
        const { page, close } = await browser.openRecorded(recordedToy({ kind }), {
          theme: 'light',
          width,
          height,
        });
        await page.locator('.waterfall').waitFor();
        const [content, window_] = await page.evaluate(() => [
          document.documentElement.scrollWidth,
          window.innerWidth,
        ]);
        assert.ok(content <= window_, `${kind}: ${content} in ${window_}`);
        await readable(page);
        await screenshot(page, `${kind}-${name}`);
        await close();
      }
    });
  }

  it('no horizontal scroll bar in an editor of 400 pixels', async () => {
    for (const kind of ['image', 'plane', 'vector'] as const) {
      const { page, close } = await browser.openLive({ kind }, { width: 400, height: 900 });
      await page.locator('.waterfall').waitFor();
      const beyond = await page.evaluate(() => [
        document.documentElement.scrollWidth,
        ...[...document.querySelectorAll('button, vscode-button, select, input, [role=tab]')]
          .filter((control) => control.getBoundingClientRect().right > window.innerWidth + 0.5)
          .map((control) => `${control.className} ${control.textContent}`),
      ]);
      assert.deepEqual(beyond, [400], kind);
      await screenshot(page, `${kind}-live-narrow`);
      await close();
    }
  });

  it('redraws maps in the colours of a new theme', async () => {
    const { page, close } = await browser.openLive({ kind: 'image' }, { theme: 'dark' });
    await page.locator('.worked').waitFor();
    const corner = (): Promise<number> =>
      page.locator('[data-tensor=x] canvas').evaluate((element) => {
        const [r = 0, g = 0, b = 0] = (element as HTMLCanvasElement)
          .getContext('2d')!
          .getImageData(4, 4, 1, 1).data;
        return r * 65536 + g * 256 + b;
      });
    const dark = await corner();
    await page.evaluate(() => (document.body.className = 'standalone vscode-light'));
    await page.waitForTimeout(100);
    assert.notEqual(await corner(), dark);
    await close();
  });

  it('stands still when less motion is wanted', async () => {
    const { page, close } = await browser.openLive(
      { kind: 'image', delays: { layer: 60_000, layerOfExample: 60_000 } },
      { reducedMotion: true },
    );
    await page.locator('#layer-panel .pulse').first().waitFor();
    const running = await page.evaluate(() => document.getAnimations().length);
    assert.equal(running, 0);
    await close();
  });

  it('says in a saved page what it does not hold', async () => {
    const recorded = recordedToy({ kind: 'image' });
    const missing = recordKey('network', { layer: 1 });
    recorded.answers = Object.fromEntries(
      Object.entries(recorded.answers).filter(([key]) => key !== missing),
    );
    const { page, close } = await browser.openRecorded(recorded, { theme: 'dark' });
    await page.getByRole('tab', { name: 'Conditioner' }).click();
    await page.getByText('Not in this saved page').waitFor();
    await page.keyboard.press('ArrowDown');
    await page.locator('#layer-panel table').first().waitFor();
    await close();
  });

  it('says in a saved page why there was no answer, without offering to ask again', async () => {
    const recorded = recordedToy({ kind: 'image' });
    const samples = Object.keys(recorded.answers).find((key) => key.startsWith('samples '))!;
    recorded.answers = Object.fromEntries(
      Object.entries(recorded.answers).filter(([key]) => key !== samples),
    );
    recorded.reasons = { [samples]: 'toy.onnx: runs one way only, so there are no samples.' };
    const { page, close } = await browser.openRecorded(recorded, { theme: 'dark' });
    const alert = page.locator('#gallery-panel').getByRole('alert');
    await alert.getByText('runs one way only').waitFor();
    assert.equal(await alert.getByRole('button').count(), 0);
    assert.equal(await page.getByText('Not in this saved page').count(), 0);
    await close();
  });

  it('follows the system where nobody sets a theme', async () => {
    const recorded = recordedToy({ kind: 'image' });
    const { page, close } = await browser.openRecorded(recorded);
    for (const scheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.waitForFunction((name) => document.body.classList.contains(`vscode-${name}`), scheme);
    }
    await close();
  });

  it('shows what a model that cannot run says of itself', async () => {
    const summary: ModelSummary = {
      ...new ToyFlow({ kind: 'image' }).summary,
      format: 'onnx',
      runnable: false,
      reason: 'The graph is no flow that Flowscope wrote; it can be read but not run.',
      kind: 'unknown',
      shape: [],
      layers: [],
      splits: [],
      checkpoints: [],
      title: 'classifier.onnx',
      subtitle: 'ONNX, opset 17',
      tensorCount: 700,
      tensors: Array.from({ length: 700 }, (_, i) => ({
        name: `layer.${i}.weight`,
        shape: [8, i + 1],
        dtype: 'float32',
      })),
      onnx: {
        opset: 17,
        producer: 'pytorch 2.4',
        inputs: [{ name: 'input', dtype: 'float32', shape: ['batch', 3, 224, 224] }],
        outputs: [{ name: 'output', dtype: 'float32', shape: ['batch', 1000] }],
        operators: [{ op: 'Conv', count: 53 }],
        metadata: { task: '<script>alert(1)</script>' },
      },
    };
    const recorded = {
      version: 1 as const,
      answers: { [recordKey('summary', undefined)]: summary },
      choices: { examples: [], batches: [], modes: [], samples: [], morphs: [], pages: [] },
    };
    const { page, close } = await browser.openRecorded(recorded, { theme: 'dark' });
    await page.getByText('can be read but not run').waitFor();
    await page.getByText('batch×3×224×224').waitFor();
    await page.getByText('<script>alert(1)</script>').waitFor();
    await page.getByText('200 more').waitFor();
    await page.locator('vscode-text-field input').fill('layer.655');
    await page.getByText('layer.655.weight').waitFor();
    await screenshot(page, 'onnx-dark');
    await accessible(page, 'onnx');
    await close();
  });
});

describe('at 1280×800 in a wide font', () => {
  let browser: InspectorBrowser;
  before(async () => {
    browser = await InspectorBrowser.start();
  });
  after(() => browser.stop());

  for (const language of ['en', 'de']) {
    it(`has the bar in one row and shows a layer's figures without scrolling (${language})`, async () => {
      const { page, close } = await browser.openLive({ kind: 'image' }, { language });
      await page.locator('.worked').waitFor();
      await page.evaluate(() => document.body.style.setProperty('--vscode-font-family', 'DejaVu Sans'));
      const tops = await page
        .locator('.bar > :not(.spring)')
        .evaluateAll((parts) =>
          parts.map((part) => part.getBoundingClientRect()).map((b) => b.top + b.height / 2),
        );
      assert.ok(Math.max(...tops) - Math.min(...tops) < 8, tops.join(' '));
      const panel = (await page.locator('#layer-panel').boundingBox())!;
      const facts = (await page.locator('#layer-panel .facts').boundingBox())!;
      assert.ok(facts.y + facts.height <= panel.y + panel.height + 0.5, `${facts.y} ${facts.height}`);
      await close();
    });
  }
});
