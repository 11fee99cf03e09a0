/** Data are looked at before training: a table, a folder of pictures, and what cannot be read. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import * as vscode from 'vscode';
import { Workbench } from '../e2e/workbench';
import { api, assertNothingNative, closeAll, workspaceFolder } from './ours';
import { until } from '../inspector/until';

/** A picture of one color, written by hand: the host must load nothing native for a test either. */
function png(width: number, height: number, color: [number, number, number]): Buffer {
  const row = Buffer.from([0, ...Array.from({ length: width }, () => color).flat()]);
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
    const birds = Array.from(
      { length: 120 },
      (_, i) =>
        `2020-01-${(i % 28) + 1},${['Adelie', 'Gentoo'][i % 2]},${30 + (i % 11)},${Math.sin(i)},${i % 10 === 0 ? '' : i / 7}`,
    );
    writeFileSync(path.join(folder(), 'birds.csv'), `day,species,length,depth,mass\n${birds.join('\n')}\n`);
    for (let index = 0; index < 6; index++)
      writeFileSync(path.join(folder(), 'photos', `${index}.png`), png(8, 8, [255, 40 * index, 0]));
    writeFileSync(path.join(folder(), 'bad.csv'), 'a,b\n1,2\n3,"four\n');
  });

  afterEach(async () => {
    await workbench.page.keyboard.press('Escape');
    await closeAll();
  });

  after(async () => {
    rmSync(folder(), { recursive: true, force: true });
    await workbench.close();
  });

  it('show a table with words, dates and gaps, and lead to training', async () => {
    const flowscope = await api();
    await preview(vscode.Uri.file(path.join(folder(), 'birds.csv')));
    const frame = await workbench.webview('section[aria-label="The table"]');
    assert.deepEqual(
      await frame
        .locator('select.use')
        .evaluateAll((all) => all.map((one) => (one as HTMLSelectElement).value)),
      ['leave out', 'label', 'use', 'use', 'use'],
    );
    const side = frame.locator('aside');
    await side.getByText('Leave out 12 rows with gaps').waitFor();
    // 108 rows stay, of which a tenth or so is held out by the seed.
    await until('the split', async () => {
      const said = await side.locator('section', { hasText: 'Split' }).innerText();
      const [train, validation] = [...said.matchAll(/\d+/g)].map(Number);
      return train! + validation! === 108;
    });
    await side
      .getByText(/about \d+ s/)
      .first()
      .waitFor();
    const policy = await frame.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute('content');
    assert.match(policy ?? '', /default-src 'none'/);
    assert.doesNotMatch(policy ?? '', /unsafe/);
    await workbench.screenshot('12-preview-table');
    await side.getByRole('textbox', { name: 'Steps' }).fill('3');
    await side.getByText('Train…').click();
    await workbench.title().filter({ hasText: 'Train' }).waitFor();
    await workbench.page.getByText('Where do you want to save the run?').waitFor();
    await workbench.input().fill('looked/run');
    await workbench.accept();
    const run = path.join(folder(), 'run');
    const said = () =>
      JSON.parse(readFileSync(path.join(run, 'run.json'), 'utf8')) as { status: string; step: number };
    await until(
      'the end',
      () =>
        existsSync(path.join(run, 'run.json')) &&
        said().status === 'finished' &&
        flowscope.enginePids().trainings.length === 0,
      90_000,
    );
    assert.equal(said().step, 3);
    const { data } = JSON.parse(readFileSync(path.join(run, 'config.json'), 'utf8')) as {
      data: Record<string, unknown>;
    };
    assert.deepEqual([data['exclude'], data['labelColumn'], data['missing']], [['day'], 'species', 'drop']);
    await vscode.commands.executeCommand('notifications.clearAll');
    assertNothingNative();
  });

  it('take the place of questions where a table has gaps', async () => {
    void vscode.commands.executeCommand('flowscope.train', { data: path.join(folder(), 'birds.csv') });
    await workbench.webview('section[aria-label="The table"]');
    assert.equal(await workbench.title().isVisible(), false);
  });

  it('follow the file', async () => {
    const file = path.join(folder(), 'two.csv');
    await preview(vscode.Uri.file(file));
    const frame = await workbench.webview('section[aria-label="The table"]');
    writeFileSync(
      file,
      `time,step,more\n${Array.from({ length: 30 }, (_, i) => `${i},${i % 5},${i % 3}`).join('\n')}\n`,
    );
    await until('the third column', async () =>
      (await frame.locator('section[aria-label="The table"] thead').innerText()).includes('more'),
    );
  });

  it('show the pictures of a folder', async () => {
    await preview(vscode.Uri.file(path.join(folder(), 'photos')));
    const frame = await workbench.webview('img.sheet');
    const colors = await until('the sheet', () =>
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
    assert.equal(colors.filter((color) => pictures.includes(color)).length, 5, colors.join(', '));
    assert.equal(colors.length, 6);
    assert.match(await frame.locator('main').innerText(), /8×8 pixels, color/);
    await workbench.screenshot('13-preview-pictures');
  });

  it('say what is wrong with data that cannot be read', async () => {
    await preview(vscode.Uri.file(path.join(folder(), 'bad.csv')));
    const frame = await workbench.webview('[role=alert]');
    assert.match(await frame.locator('[role=alert]').innerText(), /^[^/]*looked.bad\.csv: near line/m);
  });

  it('are of built-in data too, and end their engine', async () => {
    const flowscope = await api();
    await preview('digits');
    const frame = await workbench.webview('img.sheet');
    assert.match(await frame.locator('main').innerText(), /1,797[^]*8×8 pixels, gray/);
    await until('the end of the engine', () => flowscope.enginePids().inspection === undefined, 20_000);
  });
});
