/** Files as examples: browsed for, dropped, pasted, refused; pixels as they were in the file. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { greyScale } from '../../webview/base/canvas/colour-maps';
import { InspectorBrowser } from './support/inspector-page';
import { recordedToy } from './support/recorded';

const ramp = Uint8Array.from({ length: 64 }, (_, i) => i * 4);
const png = (): Promise<Buffer> =>
  sharp(ramp, { raw: { width: 8, height: 8, channels: 1 } })
    .png()
    .toBuffer();
const level = (i: number): number => Math.floor((i * 4 * 17) / 256);

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

async function showsRamp(page: Page): Promise<void> {
  const drawn = await page.locator('.bar canvas[data-name=input]').evaluate((canvas) => [
    ...(canvas as HTMLCanvasElement)
      .getContext('2d')!
      .getImageData(0, 0, 8, 8)
      .data.filter((_, i) => i % 4 === 0),
  ]);
  const grey = greyScale(16);
  drawn.forEach((shade, i) => assert.ok(Math.abs(shade - grey.at(level(i))[0]) <= 1, `pixel ${i}: ${shade}`));
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
const named = (page: Page, name: string) => page.locator('.bar .selected-value', { hasText: name }).waitFor();

describe('a file as the example', () => {
  let browser: InspectorBrowser;
  before(async () => {
    browser = await InspectorBrowser.start();
  });
  after(() => browser.stop());

  const opened = async (kind: 'image' | 'vector' = 'image', delays = {}) => {
    const live = await browser.openLive({ kind, delays });
    await live.page.locator('[data-result]').waitFor();
    return live;
  };

  it('is browsed for, shown with its name and pixels, and scored', async () => {
    const { page, close } = await opened();
    const before = await page.locator('[data-result]').innerText();
    await page.locator('input[data-name=given-file]').setInputFiles({
      name: 'ramp.png',
      mimeType: 'image/png',
      buffer: await png(),
    });
    await named(page, 'ramp.png');
    await page.locator('[data-given=read]', { hasText: 'ramp.png: 8×8 grey, 17 levels.' }).waitFor();
    await page.waitForFunction((old) => document.querySelector('[data-result]')!.textContent !== old, before);
    await showsRamp(page);
    await page.getByRole('button', { name: 'Dismiss' }).click();
    await page.locator('.given-note').waitFor({ state: 'detached' });
    await close();
  });

  it('is dropped, under words that say what will happen; a bitmap goes through the browser', async () => {
    const { page, close } = await opened();
    await send(page, 'dragover', 'ramp.bmp', 'image/bmp', bmp());
    await page.locator('.drop-target', { hasText: 'Drop to show this file as the example' }).waitFor();
    await send(page, 'drop', 'ramp.bmp', 'image/bmp', bmp());
    await named(page, 'ramp.bmp');
    await page.locator('.drop-target').waitFor({ state: 'detached' });
    await showsRamp(page);
    await close();
  });

  it('is pasted', async () => {
    const { page, close } = await opened();
    await send(page, 'paste', 'image.png', 'image/png', await png());
    await named(page, 'image.png');
    await showsRamp(page);
    await close();
  });

  it('says why it was not read, and leaves the example alone', async () => {
    const { page, close } = await opened();
    const result = await page.locator('[data-result]').innerText();
    await send(page, 'drop', 'notes.txt', 'text/plain', Buffer.from('no picture'));
    await page.locator('.given-note[role=alert]', { hasText: 'notes.txt: is not a PNG' }).waitFor();
    assert.equal(await page.locator('[data-result]').innerText(), result);
    await close();
  });

  it('can be cancelled while it is read', async () => {
    const { page, close } = await opened('image', { givenExample: 60_000 });
    await send(page, 'drop', 'ramp.png', 'image/png', await png());
    await page.locator('.given-note', { hasText: 'Reading ramp.png' }).waitFor();
    await page.locator('.given-note').getByRole('button', { name: 'Cancel' }).click();
    await page.locator('.given-note').waitFor({ state: 'detached' });
    assert.equal(
      (await page.evaluate(() => window.toyHost.cancelled)).filter((t) => t.startsWith('given-')).length,
      1,
    );
    await close();
  });

  it('may be a row of numbers', async () => {
    const { page, close } = await opened('vector');
    await send(page, 'drop', 'row.csv', 'text/csv', Buffer.from('0.5,1,1.5,2,2.5'));
    await named(page, 'row.csv');
    // The name is there as soon as the file is read, the values once it has gone through the flow.
    const values = page.locator('vscode-text-field[title^="Values of the example"] input');
    for (let i = 0; i < 100 && (await values.inputValue()) === ''; i++) await page.waitForTimeout(50);
    assert.equal(await values.inputValue(), '0.5, 1, 1.5, 2, 2.5');
    await close();
  });

  it('is not offered by a saved page, which says so', async () => {
    const { page, close } = await browser.openRecorded(recordedToy({ kind: 'image' }));
    await page.locator('[data-result]').waitFor();
    assert.equal(await page.locator('input[data-name=given-file]').count(), 0);
    await send(page, 'dragover', 'ramp.png', 'image/png', await png());
    await page.locator('.drop-target', { hasText: 'saved page' }).waitFor();
    await send(page, 'drop', 'ramp.png', 'image/png', await png());
    await page.locator('.drop-target').waitFor({ state: 'detached' });
    assert.equal(await page.locator('.given-note').count(), 0);
    await close();
  });
});
