/**
 * Examples from outside and those that the example stands among, beyond what every model's page is tried for
 * (models/examples.test.ts): dropped bitmaps, the clipboard, damaged files, slow answers.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { showTab } from '../inspector/models';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { result, untilResult, value } from '../inspector/frame';
import { untilPictures } from '../inspector/pictures';
import { copyNumbers } from '../inspector/take';
import { until } from '../inspector/until';
import type { EngineWindow } from './support/engine-window';
import type { EnginePage, Faults } from './support/engine-page';
import { inWindow } from './support/in-window';
import { tinyRun, type TinyRun } from './support/tiny-models';

const ramp = Uint8Array.from({ length: 64 }, (_, i) => i * 4);
const levels = Float32Array.from(ramp, (shade) => Math.floor((shade * 17) / 256));
const png = (shades: Uint8Array): Promise<Buffer> =>
  sharp(shades, { raw: { width: 8, height: 8, channels: 1 } })
    .png()
    .toBuffer();

/** 24-bit, rows from the bottom up, as Windows writes it. */
function bmp(): Buffer {
  const file = Buffer.alloc(54 + 8 * 24);
  file.write('BM');
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(54, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(8, 18);
  file.writeInt32LE(8, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  for (let i = 0; i < 64; i++)
    file.fill(ramp[i]!, 54 + (7 - (i >> 3)) * 24 + (i & 7) * 3, 57 + (7 - (i >> 3)) * 24 + (i & 7) * 3);
  return file;
}

/** As the browser would: a file in the data of a drop or paste. */
const send = (page: Page, event: 'drop' | 'dragover' | 'paste', name: string, type: string, bytes: Buffer) =>
  page.evaluate(
    ([kind, fileName, mime, content]) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(content)], fileName, { type: mime }));
      const made =
        kind === 'paste'
          ? new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })
          : new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true });
      document.body.dispatchEvent(made);
    },
    [event, name, type, [...bytes]] as const,
  );

describe('an example', () => {
  let editor: EngineWindow;
  let digits: TinyRun;
  let folder: string;
  const own = 90;
  const damaged = [6, 9];
  inWindow(
    async (started) => {
      editor = started;
      digits = await tinyRun(editor.folder, 'digits');
      folder = path.join(editor.folder, 'holidays');
      mkdirSync(folder);
      for (let i = 0; i < own; i++) {
        const shades = ramp.map((shade, k) => (shade * (i + 1) + k * k) % 256);
        const bytes = damaged.includes(i) ? Buffer.from('no picture') : await png(shades);
        writeFileSync(path.join(folder, `${String(i).padStart(2, '0')}.png`), bytes);
      }
    },
    { untrained: true },
  );

  const opened = async (faults: Faults = {}): Promise<EnginePage> => {
    const live = await editor.openPage(digits.file(), { width: 1280, height: 800, ...faults });
    await live.page.locator('[data-result]').waitFor();
    return live;
  };
  const named = (page: Page, name: string) =>
    page.locator('.bar .selected-value', { hasText: name }).waitFor();
  const showsRamp = (page: Page): Promise<unknown> =>
    untilPictures(page.mainFrame(), '.bar canvas[data-name=input]', digits, [levels]);
  const chooseFolder = async ({ page }: EnginePage): Promise<void> => {
    await showTab(page, '.gallery', 'Examples');
    await page.locator('.gallery').getByRole('button', { name: 'Own…' }).click();
    await page.getByRole('menuitem', { name: 'Folder of images…' }).click();
    await editor.chooseFile(folder);
  };

  it('is dropped, under words that say what will happen; a bitmap goes through the browser', async () => {
    const { page } = await opened();
    await send(page, 'dragover', 'ramp.bmp', 'image/bmp', bmp());
    await page.locator('.drop-target', { hasText: 'Drop to show this file as the example' }).waitFor();
    await send(page, 'drop', 'ramp.bmp', 'image/bmp', bmp());
    await named(page, 'ramp.bmp');
    await page.locator('.drop-target').waitFor({ state: 'detached' });
    await showsRamp(page);
    await page.getByRole('button', { name: 'Dismiss' }).click();
    await page.locator('.file-note').waitFor({ state: 'detached' });
  });

  it('is pasted', async () => {
    const { page } = await opened();
    await send(page, 'paste', 'image.png', 'image/png', await png(ramp));
    await named(page, 'image.png');
    await showsRamp(page);
  });

  it('can be cancelled while it is read', async () => {
    const live = await opened({ delays: { exampleInFile: 60_000 } });
    const { page } = live;
    await send(page, 'drop', 'ramp.png', 'image/png', await png(ramp));
    await page.locator('.file-note', { hasText: 'Reading ramp.png' }).waitFor();
    await page.locator('.file-note').getByRole('button', { name: 'Cancel' }).click();
    await page.locator('.file-note').waitFor({ state: 'detached' });
    assert.equal(live.cancelled.filter((token) => token.startsWith('example-file-')).length, 1);
  });

  it('stands among those of a folder, of which damaged files are left out', async () => {
    const live = await opened();
    const { page } = live;
    await chooseFolder(live);
    await page.locator('[data-covered]', { hasText: 'scored' }).waitFor();
    await page.locator('.gallery .bad', { hasText: '2 left out.' }).waitFor();
    const readable = own - damaged.length;
    await page.locator('[data-rank]', { hasText: 'of holidays' }).waitFor();
    // Its scores and its examples are among what is copied, and the share of them that cost less is what is said.
    const scores = (await copyNumbers(page.mainFrame(), '.how-likely')).rows
      .filter(([set]) => set === 'holidays')
      .map(([, logP]) => -Number(logP));
    assert.equal(scores.length, readable);
    const cost = await result(page.mainFrame());
    const rank = await page.locator('[data-rank]').innerText();
    const [, words] = /(all|none|(?:(?:less|more) than )?\d+%) of holidays/.exec(rank)!;
    const ends: Record<string, number> = { none: 0, 'less than 1%': 0.5, 'more than 99%': 99.5, all: 100 };
    const said = ends[words!] ?? Number.parseInt(words!);
    const share = (than: number): number => (100 * scores.filter((score) => score < than).length) / readable;
    assert.ok(said >= share(cost - 0.006) - 0.51 && said <= share(cost + 0.006) + 0.51, `${said} %`);
    const listed = await copyNumbers(page.mainFrame(), '.gallery');
    assert.deepEqual(listed.head.slice(0, 3), ['example', 'bits_per_dim', 'v0']);
    assert.deepEqual(listed.column('bits_per_dim'), scores.slice(0, listed.rows.length));
    assert.ok(!listed.column('example').some((index) => damaged.includes(index)));
    // The outline of dashes steps at every bin.
    const outline = await page.locator('path[data-name=dashed]').getAttribute('d');
    const [, base, steps] = /^M[\d.]+ ([\d.]+)(.*)V[\d.]+$/.exec(outline!)!;
    const heights = [...steps!.matchAll(/V([\d.]+)H/g)].map((m) => Number(base) - Number(m[1]));
    assert.ok(heights.length >= 12 && Math.max(...heights) > 20);

    const third = page.getByRole('button', { name: /^holidays 3, / });
    const costs = value((await third.getAttribute('aria-label'))!.split(', ')[1]!);
    await third.click();
    await named(page, 'holidays');
    await untilResult(page.mainFrame(), costs);
    // Kept with the page's state, and left out on request.
    assert.equal(((await live.state()) as { own?: string }).own, folder);
    await page.locator('.gallery').getByRole('button', { name: 'Own…' }).click();
    await page.getByRole('menuitem', { name: 'Leave out' }).click();
    await page.locator('path[data-name=dashed]').waitFor({ state: 'detached' });
  });

  it('says how far the scoring of a folder is, and ends it', async () => {
    const live = await opened();
    const { page } = live;
    // The second block is held.
    const scored = (): number => live.asked('scores').filter(({ source }) => source.kind === 'file').length;
    await showTab(page, '.gallery', 'Examples');
    live.hold('scores', ({ source, start }) => source.kind === 'file' && start > 0);
    await chooseFolder(live);
    const progress = page.locator('.gallery [data-scoring]');
    await progress.filter({ hasText: /[1-9]\d* of 90 scored/ }).waitFor();
    await progress.getByRole('button', { name: 'Cancel' }).click();
    await page.locator('[data-covered]', { hasText: /\d+ of 90 scored/ }).waitFor();
    assert.ok(scored() <= 2, `${scored()} blocks were asked for`);
  });

  it('says why a folder cannot be scored', async () => {
    const live = await opened({ errors: { scores: 'tiny: holds no pictures.' } });
    await chooseFolder(live);
    await live.page.locator('.gallery [role=alert]', { hasText: 'tiny: holds no pictures.' }).waitFor();
  });

  it('is selected from the most likely of a split, page by page', async () => {
    const { page } = await opened();
    await showTab(page, '.gallery', 'Examples');
    await page.locator('vscode-dropdown[title="Order of the examples"]').click();
    await page.locator('vscode-option:visible', { hasText: 'most likely first' }).click();
    const first = page.getByRole('button', { name: /^validation \d+, [\d.]+ bits\/dim, number 1 of \d+$/ });
    const [, cost] = (await first.getAttribute('aria-label'))!.split(', ');
    await first.click();
    await untilResult(page.mainFrame(), value(cost!));
    await until('the pressed one', async () => (await first.getAttribute('aria-pressed')) === 'true');
    await page.locator('[data-rank]', { hasText: 'than none of validation' }).waitFor();
    await page.getByRole('button', { name: 'Next page' }).click();
    await page.locator('.tick', { hasText: '25–48 of' }).waitFor();
  });
});
