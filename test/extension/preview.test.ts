/** Data are looked at before training: a table, a folder of pictures, and what cannot be read. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import * as vscode from 'vscode';
import { Workbench } from '../e2e/workbench';
import { api, assertNothingNative, closeAll, workspaceFolder } from './ours';
import { until } from '../inspector/until';

/** A picture of one colour, written by hand: the host must load nothing native for a test either. */
function png(width: number, height: number, colour: [number, number, number]): Buffer {
  const row = Buffer.from([0, ...Array.from({ length: width }, () => colour).flat()]);
  const chunk = (type: string, data: Buffer) => {
    const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const framed = Buffer.alloc(named.length + 8);
    framed.writeUInt32BE(data.length, 0);
    named.copy(framed, 4);
    framed.writeUInt32BE(crc32(named), named.length + 4);
    return framed;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: height }, () => row)));
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

describe('previews of data', function () {
  this.timeout(120_000);
  let workbench: Workbench;
  const folder = () => path.join(workspaceFolder().fsPath, 'looked');
  const preview = (target: unknown) => vscode.commands.executeCommand('flowscope.previewData', target);

  before(async () => {
    workbench = await Workbench.connect();
    await api();
    mkdirSync(path.join(folder(), 'photos'), { recursive: true });
    const rows = Array.from({ length: 40 }, (_, index) => `${index},${(index % 7) - 3}`);
    writeFileSync(path.join(folder(), 'two.csv'), `time,step\n${rows.join('\n')}\n`);
    for (let index = 0; index < 6; index++)
      writeFileSync(path.join(folder(), 'photos', `${index}.png`), png(8, 8, [255, 40 * index, 0]));
    writeFileSync(path.join(folder(), 'bad.csv'), 'a,b\n1,2\n3,four\n');
  });

  afterEach(async () => {
    await workbench.page.keyboard.press('Escape');
    await closeAll();
  });

  after(async () => {
    rmSync(folder(), { recursive: true, force: true });
    await workbench.close();
  });

  it('say of a table what is in it, and lead to training', async () => {
    await preview(vscode.Uri.file(path.join(folder(), 'two.csv')));
    const frame = await workbench.webview('section[aria-label=Features]');
    const [time] = await frame.locator('section[aria-label=Features] tbody tr').allInnerTexts();
    // Of 0 … 39, those that are trained on: 32 of them, chosen by the seed.
    const [, least, mean, largest] = time!.split(/\s+/).map(Number);
    assert.ok(least! <= 4 && mean! > 14 && mean! < 25 && largest! >= 35 && largest! <= 39, time);
    assert.match(await frame.locator('main').innerText(), /40[^]*32 to train on, 8 to validate with/);
    assert.equal(await frame.locator('section[aria-label="First rows"] tbody tr').count(), 20);
    const policy = await frame.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute('content');
    assert.match(policy ?? '', /default-src 'none'/);
    assert.doesNotMatch(policy ?? '', /unsafe/);
    await workbench.screenshot('12-preview-table');
    await frame.getByText('Train on these data…').click();
    await workbench.title().filter({ hasText: 'Train RealNVP (2/4)' }).waitFor();
    // Whether a column is a condition is asked of each.
    await workbench.rows().filter({ hasText: 'time' }).filter({ hasText: 'given as a number' }).click();
    await workbench.accept();
    await workbench.title().filter({ hasText: 'Train RealNVP (3/4)' }).waitFor();
    assert.equal(
      await workbench.input().getAttribute('placeholder'),
      'Which preset for p(step | time) of two.csv?',
    );
    await workbench.rows().filter({ hasText: 'recommended' }).first().click();
    await workbench.title().filter({ hasText: 'Train RealNVP (4/4)' }).waitFor();
    await workbench.page.getByText('p(step | time). Where do you want to save the run?').waitFor();
    await workbench.page.keyboard.press('Escape');
    assertNothingNative();
  });

  it('follow the file', async () => {
    const file = path.join(folder(), 'two.csv');
    await preview(vscode.Uri.file(file));
    const frame = await workbench.webview('section[aria-label=Features]');
    writeFileSync(
      file,
      `time,step,more\n${Array.from({ length: 30 }, (_, i) => `${i},${i % 5},${i % 3}`).join('\n')}\n`,
    );
    await until('the third column', async () =>
      (await frame.locator('section[aria-label=Features]').innerText()).includes('more'),
    );
  });

  it('show the pictures of a folder', async () => {
    await preview(vscode.Uri.file(path.join(folder(), 'photos')));
    const frame = await workbench.webview('img.sheet');
    const colours = await until('the sheet', () =>
      frame.locator('img.sheet').evaluate((element) => {
        const image = element as HTMLImageElement;
        if (!image.complete || image.naturalWidth === 0) return false;
        const canvas = document.createElement('canvas');
        canvas.width = image.naturalWidth;
        canvas.height = image.naturalHeight;
        const context = canvas.getContext('2d')!;
        context.drawImage(image, 0, 0);
        const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
        const seen = new Set<string>();
        for (let at = 0; at < data.length; at += 4) seen.add(data.slice(at, at + 3).join(' '));
        return [...seen];
      }),
    );
    const pictures = Array.from({ length: 6 }, (_, index) => `255 ${40 * index} 0`);
    // One of the six is held out; beside the pictures there is nothing but the ground that they lie on.
    assert.equal(colours.filter((colour) => pictures.includes(colour)).length, 5, colours.join(', '));
    assert.equal(colours.length, 6);
    assert.match(await frame.locator('main').innerText(), /8×8 pixels, colour/);
    await workbench.screenshot('13-preview-pictures');
  });

  it('say what is wrong with data that cannot be read', async () => {
    await preview(vscode.Uri.file(path.join(folder(), 'bad.csv')));
    const frame = await workbench.webview('[role=alert]');
    assert.match(await frame.locator('[role=alert]').innerText(), /bad\.csv[^]*four/);
  });

  it('are of built-in data too, and end their engine', async () => {
    const flowscope = await api();
    await preview('digits');
    const frame = await workbench.webview('img.sheet');
    assert.match(await frame.locator('main').innerText(), /1,797[^]*8×8 pixels, grey/);
    await until('the end of the engine', () => flowscope.enginePids().inspection === undefined, 20_000);
  });
});
