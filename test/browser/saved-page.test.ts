/** Saved pages, as the engine writes them: what they hold, what they say that they do not hold, and what is taken along. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { describe, it } from 'node:test';
import { showTab } from '../inspector/models';
import type { Page } from 'playwright-core';
import { parseNpy } from '../../src/data/npy';
import type { JacobianView } from '../../src/protocol/jacobian';
import { decodeRecorded, encodeRecorded } from '../../src/protocol/recorded';
import type { RecordedPage } from '../../src/protocol/webview';
import { result } from '../inspector/frame';
import type { Model } from '../inspector/models';
import { arraysIn, tableOf } from '../inspector/take';
import { until } from '../inspector/until';
import type { EngineWindow } from './support/engine-window';
import { inWindow } from './support/in-window';
import { tinyModel } from './support/tiny-models';

describe('a saved page', () => {
  let editor: EngineWindow;
  let digits: Model;
  inWindow(
    async (started) => {
      editor = started;
      digits = await tinyModel(editor.folder, 'digits');
    },
    { untrained: true },
  );

  const opened = async (change?: (recorded: RecordedPage) => void): Promise<Page> => {
    const page = await editor.openSaved(digits.file(), {
      ...{ width: 1280, height: 800 },
      ...(change ? { edit: (html) => edited(html, change) } : {}),
    });
    await page.locator('.worked').waitFor();
    return page;
  };
  /** Chooses an entry of a view's menu and gives the file that the browser then saves. */
  const take = async (page: Page, view: string, entry: string): Promise<{ name: string; bytes: Buffer }> => {
    await page.locator(view).locator('.take-button').first().click();
    const download = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: entry }).click();
    const done = await download;
    return { name: done.suggestedFilename(), bytes: fs.readFileSync(await done.path()) };
  };

  it('has costs by pixel, weights, feature maps, Jacobians and a rank, and offers nothing that it cannot do', async () => {
    const page = await opened();
    assert.ok(Number.isFinite(await result(page.mainFrame())));
    await page.getByRole('tab', { name: 'By pixel' }).click();
    await page.locator('canvas[data-name=cost]').nth(4).waitFor();
    await page.getByRole('tab', { name: 'Diagnostics' }).click();
    await page.locator('[data-rank]', { hasText: '% of validation' }).waitFor();
    await page.getByRole('tab', { name: 'Jacobian' }).click();
    await page.locator('[data-name=jacobian]').waitFor();
    await page.getByRole('tab', { name: 'Conditioner' }).click();
    await page.getByRole('button', { name: 'block 0' }).click();
    await page.locator('[data-name="feature[3]"]').waitFor();
    await page.getByRole('button', { name: 'Compare with 64 examples' }).click();
    await page.locator('[data-norm]').first().waitFor();
    await page
      .getByRole('button', { name: / as a picture$/ })
      .first()
      .click();
    await page.locator('[data-name=weight]').waitFor();
    assert.equal(await page.getByText('Not in this saved page').count(), 0);

    const gallery = page.locator('.gallery');
    await showTab(page, '.gallery', 'Examples');
    await page.locator('canvas[data-name=example]').first().waitFor();
    assert.equal(await page.locator('vscode-dropdown[title="Order of the examples"]').count(), 0);
    assert.equal(await gallery.getByRole('button', { name: 'Own…' }).count(), 0);
    for (const name of ['Latents', 'Nearest']) {
      await showTab(page, '.gallery', name);
      await gallery.getByText('Not in this saved page').first().waitFor();
    }
    assert.equal(await page.locator('input[data-name=example-file]').count(), 0);
    for (const event of ['dragover', 'drop'])
      await page.evaluate((kind) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(8)], 'ramp.png', { type: 'image/png' }));
        document.body.dispatchEvent(
          new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }),
        );
      }, event);
    await page.locator('.drop-target').waitFor({ state: 'detached' });
    assert.equal(await page.locator('.file-note').count(), 0);
  });

  it('says what it does not hold', async () => {
    const page = await opened((recorded) => {
      recorded.answers = Object.fromEntries(
        Object.entries(recorded.answers).filter(([key]) => key !== 'network {"layer":1}'),
      );
    });
    await page.getByRole('tab', { name: 'Conditioner' }).click();
    await page.getByText('Not in this saved page').waitFor();
    await page.keyboard.press('ArrowDown');
    await page.locator('#layer-panel table').first().waitFor();
  });

  it('says why there was no answer, without offering to ask again', async () => {
    const page = await opened((recorded) => {
      const samples = Object.keys(recorded.answers).find((key) => key.startsWith('samples '))!;
      recorded.answers = Object.fromEntries(
        Object.entries(recorded.answers).filter(([key]) => key !== samples),
      );
      recorded.reasons = { [samples]: 'tiny.onnx: runs one way only, so there are no samples.' };
    });
    const alert = page.locator('#gallery-panel').getByRole('alert');
    await alert.getByText('runs one way only').waitFor();
    assert.equal(await alert.getByRole('button').count(), 0);
    assert.equal(await page.getByText('Not in this saved page').count(), 0);
  });

  it('follows the system, as nobody sets a theme', async () => {
    const page = await opened();
    for (const scheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.waitForFunction((name) => document.body.classList.contains(`vscode-${name}`), scheme);
    }
  });

  it('keeps its bars where the system forces its colors', async () => {
    const page = await opened();
    const colors = () =>
      page
        .locator('.flow .bars i')
        .evaluateAll((bars) => bars.map((bar) => getComputedStyle(bar).backgroundColor));
    await page.emulateMedia({ colorScheme: 'dark', contrast: 'more' });
    await page.waitForFunction(() => document.body.classList.contains('vscode-high-contrast'));
    const usual = await colors();
    assert.ok(new Set(usual).size > 1, usual.join());
    await page.emulateMedia({ colorScheme: 'dark', forcedColors: 'active' });
    await page.waitForFunction(() => document.body.classList.contains('vscode-high-contrast'));
    assert.deepEqual(await colors(), usual);
  });

  it('saves numbers and charts as files of the browser', async () => {
    const page = await opened();
    const csv = await take(page, '.layer', 'Save CSV');
    assert.match(csv.name, /activations\.csv$/);
    const table = tableOf(csv.bytes.toString('utf8'));
    assert.equal(
      table.head.join(),
      'row,column,channel,x,s [nats],t,y,mask,log_det [nats],log_det_mean [nats]',
    );
    const arrays = arraysIn((await take(page, '.layer', 'Save NPZ')).bytes);
    for (const name of ['x', 's', 't', 'y'])
      assert.deepEqual(table.column(name).map(Math.fround), [...arrays[name]!.data], name);
    const { name, bytes } = await take(page, '.gallery', 'Save NPY');
    assert.match(name, /samples\.npy$/);
    assert.equal(parseNpy(bytes, name).shape[0], 25);

    // The rows of the waterfall as the page has them; what is folded away is left out.
    const frame = '.chart:has(.waterfall)';
    const shown = await page.locator(`${frame} .waterfall [role=rowheader]`).allInnerTexts();
    const svg = (await take(page, frame, 'Save SVG')).bytes.toString('utf8');
    for (const row of shown) assert.ok(svg.includes(`>${row.trim()}</text>`), row);
    const samples = (await take(page, '.gallery', 'Save SVG')).bytes.toString('utf8');
    assert.ok(!samples.includes('By scale'));
    const chart = '.chart:has-text("Is the inverse exact")';
    const inverse = await take(page, chart, 'Save SVG');
    assert.match(inverse.name, /inverse\.svg$/);
    const curve = inverse.bytes.toString('utf8');
    assert.ok(curve.includes('float32 ε'));
    assert.ok(!curve.includes('class='), 'nothing that only the page could draw');
    assert.match(curve, /validation 0.*statistics of 64 validation.*batch norm eval/s);
  });

  it('saves the Jacobian, and says where it is one of central differences', async () => {
    let view: JacobianView | undefined;
    const page = await opened((recorded) => {
      for (const [key, answer] of Object.entries(recorded.answers))
        if (key.startsWith('jacobian ')) {
          const own = answer as JacobianView;
          if (own.layer === 1) view = own;
          recorded.answers[key] = { ...own, differences: { step: 2 ** -8, error: 0.00031 } };
        }
    });
    await page.getByRole('tab', { name: 'Jacobian' }).click();
    await page.locator('[data-name=jacobian]').waitFor();
    const note = await page.locator('[data-differences]').innerText();
    assert.match(note, /^Central differences, step h = 2⁻⁸: .* more than about 3\.1·10⁻⁴\.$/);
    const { elements, matrix, passes } = view!;
    const table = tableOf((await take(page, '.layer', 'Save CSV')).bytes.toString('utf8'));
    assert.deepEqual(table.head, ['y', ...[...elements].map((i) => `x${i}`), 'from_scale', 'passes']);
    assert.deepEqual(table.column('y'), [...elements]);
    assert.deepEqual(table.column('passes'), [...passes!]);
    const values = table.rows.flatMap((row) => row.slice(1, 1 + elements.length).map(Number));
    assert.deepEqual(values.map(Math.fround), [...matrix.data]);
    const { jacobian } = arraysIn((await take(page, '.layer', 'Save NPZ')).bytes);
    assert.deepEqual(jacobian!.shape, [elements.length, elements.length]);
    assert.deepEqual([...jacobian!.data], [...matrix.data]);
    const svg = (await take(page, '.layer', 'Save SVG')).bytes.toString('utf8');
    assert.match(svg, /Central differences/);
    assert.match(svg, /<image /);
  });
});

describe('a view', () => {
  let editor: EngineWindow;
  let digits: Model;
  inWindow(
    async (started) => {
      editor = started;
      digits = await tinyModel(editor.folder, 'digits');
    },
    { untrained: true },
  );

  it('is taken along by keys, and its numbers through the host where the page may not copy', async () => {
    const live = await editor.openPage(digits.file());
    const { page } = live;
    await page.locator('.worked').waitFor();
    await page.evaluate(() => {
      Object.defineProperty(navigator, 'clipboard', {
        value: { writeText: () => Promise.reject(new Error('not allowed')) },
      });
    });
    await page.locator('.layer .take-button').focus();
    await page.keyboard.press('Enter');
    await page.locator('[role=menuitem]:focus', { hasText: 'Copy picture' }).waitFor();
    // The numbers of the layer come in their own time.
    await page.getByRole('menuitem', { name: 'Copy numbers' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.locator('[role=menuitem]:focus', { hasText: 'Copy numbers' }).waitFor();
    await page.keyboard.press('Enter');
    const copied = await until('the numbers', () => live.said('copyText')[0]?.[0] as string | undefined);
    assert.match(copied, /^row,column,channel,x/);
    await page.locator('.layer .take-message', { hasText: 'Copied' }).waitFor();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    await page.locator('[role=menu]').waitFor({ state: 'detached' });
    await page.locator('.layer .take-button:focus').waitFor();
  });

  it('can be taken along from every region', async () => {
    const { page } = await editor.openPage(digits.file());
    await page.locator('.findings-rest').waitFor();
    assert.equal(await page.locator('.diag .take-button').count(), 6);
    for (const region of ['.strip', '.layer', '.gallery'])
      assert.equal(await page.locator(`${region} .take-button`).count(), 1, region);
  });
});

function edited(html: string, change: (recorded: RecordedPage) => void): string {
  const place = /(<script type="application\/json" id="flowscope-recorded">)(.*?)(<\/script>)/s;
  return html.replace(place, (_, start: string, text: string, end: string) => {
    const recorded = decodeRecorded(text);
    change(recorded);
    return start + encodeRecorded(recorded) + end;
  });
}
