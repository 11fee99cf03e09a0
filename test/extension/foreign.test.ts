/** Files of other libraries: opened with defaults, read otherwise, converted, trained on; and those that nobody knows. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Frame } from 'playwright-core';
import * as vscode from 'vscode';
import { Workbench } from '../e2e/workbench';
import { api, closeAll, openInspectors, workspaceFolder } from './ours';
import { until } from '../inspector/until';

interface Sidecar {
  library: string;
  answers: Record<string, string | number>;
}

describe('files of other libraries', function () {
  this.timeout(180_000);
  let workbench: Workbench;

  const place = (name: string) => path.join(workspaceFolder().fsPath, 'foreign', name);
  const uri = (name: string) => vscode.Uri.file(place(name));
  const sidecar = (name: string): Sidecar | undefined =>
    existsSync(`${place(name)}.flowscope.json`)
      ? (JSON.parse(readFileSync(`${place(name)}.flowscope.json`, 'utf8')) as Sidecar)
      : undefined;
  const bring = (peer: string, name: string) => {
    const fixtures = path.join(process.env['FLOWSCOPE_TEST_ROOT']!, 'test', 'fixtures', 'peers');
    mkdirSync(path.dirname(place(name)), { recursive: true });
    copyFileSync(path.join(fixtures, peer, 'state_dict.pt'), place(name));
  };
  const open = (name: string) => void vscode.commands.executeCommand('flowscope.openModel', uri(name));
  const question = () => workbench.title().filter({ hasText: /How to read/ });
  const strip = () => workbench.webview('.flow [role=option]');
  const couplings = (frame: Frame) =>
    frame
      .locator('.flow [data-layer]')
      .filter({ hasText: /coupling/i })
      .count();

  before(async () => {
    workbench = await Workbench.connect();
    await api();
    bring('chrischute-rgb', 'rgb.pt');
    bring('chrischute-rgb', 'again.pth');
    bring('nflows-2d', 'plane.pt');
  });

  afterEach(async () => {
    await workbench.page.keyboard.press('Escape');
    await closeAll();
  });

  after(async () => {
    rmSync(path.dirname(place('x')), { recursive: true, force: true });
    await workbench.close();
  });

  it('open with the defaults, say so, and write nothing', async () => {
    open('rgb.pt');
    const frame = await strip();
    assert.equal(await workbench.title().count(), 0, 'nothing is asked before the first view');
    assert.deepEqual(openInspectors(), ['flowscope.model rgb.pt']);
    assert.equal(await couplings(frame), 10);
    const banner = await frame.locator('.origin').innerText();
    assert.match(banner, /From chrischute\/real-nvp.*Assumed: /s);
    assert.equal(sidecar('rgb.pt'), undefined);
    await workbench.screenshot('11-foreign');
  });

  it('are read otherwise when the answers are changed, which is remembered and said', async () => {
    open('rgb.pt');
    const before = await (await strip()).locator('.origin').innerText();
    await until('the editor', () => vscode.window.tabGroups.activeTabGroup.activeTab?.label === 'rgb.pt');
    void vscode.commands.executeCommand('flowscope.changeImport');
    await workbench.acceptQuestions('16');
    await workbench.notification(/Saved your answers in rgb\.pt\.flowscope\.json/);
    await vscode.commands.executeCommand('notifications.clearAll');
    const remembered = sidecar('rgb.pt')!;
    assert.equal(remembered.library, 'chrischute');
    assert.equal(remembered.answers['height'], 16);
    const followed = await workbench.webview('.origin :text("Height of the images: 16")');
    assert.notEqual(await followed.locator('.origin').innerText(), before);
    // Half as high: so are the pictures, and the first scale.
    await followed.locator('.scale-head', { hasText: '16×32×3' }).waitFor();
  });

  it('follow answers that somebody else writes, where they are others', async () => {
    open('rgb.pt');
    const frame = await strip();
    await frame.locator('.flow[aria-busy=false]').waitFor();
    await frame.evaluate(() => {
      const flow = document.querySelector('.flow')!;
      new MutationObserver(() => document.body.classList.add('seen-busy')).observe(flow, {
        attributeFilter: ['aria-busy'],
      });
    });
    const file = `${place('rgb.pt')}.flowscope.json`;
    const { library, answers } = sidecar('rgb.pt')!;
    writeFileSync(file, readFileSync(file));
    await workbench.page.waitForTimeout(1500);
    assert.equal(await frame.locator('body.seen-busy').count(), 0, 'the same answers are no news');
    writeFileSync(file, JSON.stringify({ library, answers: { ...answers, height: 32 } }));
    await frame.locator('body.seen-busy').waitFor({ state: 'attached' });
    await workbench.webview('.origin :text("Height of the images: 32")');
  });

  it('stay as they are when the user leaves the questions', async () => {
    open('again.pth');
    const frame = await workbench.webview('.origin :text("32 (default)")');
    await frame.locator('.origin button').click();
    await question().waitFor();
    await workbench.page.keyboard.press('Escape');
    await question().waitFor({ state: 'hidden' });
    assert.equal(await couplings(frame), 10);
    assert.equal(sidecar('again.pth'), undefined);
  });

  it('are listed by name', async () => {
    const names = ['again.pth', 'epoch 2.pt', 'epoch 10.pt', 'plane.pt', 'rgb.pt'];
    for (const name of ['epoch 10.pt', 'epoch 2.pt']) bring('nflows-2d', name);
    void vscode.commands.executeCommand('flowscope.openInInspector');
    await workbench
      .rows()
      .filter({ hasText: 'foreign/' })
      .nth(names.length - 1)
      .waitFor();
    const listed = (await workbench.rows().allInnerTexts()).flatMap(
      (row) => /foreign\/(.+)/.exec(row)?.[1] ?? [],
    );
    for (const name of ['epoch 10.pt', 'epoch 2.pt']) rmSync(place(name));
    assert.deepEqual(listed, names);
  });

  it('are offered only the formats that their flow can be written in', async () => {
    void vscode.commands.executeCommand('flowscope.convert', uri('again.pth'));
    await workbench.rows().filter({ hasText: 'chrischute/real-nvp' }).first().waitFor();
    const offered = await workbench.rows().allInnerTexts();
    assert.deepEqual(
      offered.map((row) => row.trim().split('\n')[0]),
      ['Flowscope', 'chrischute/real-nvp'],
    );
  });

  it('say when they are deleted while they are open, and come back', async () => {
    bring('nflows-2d', 'fleeting.pt');
    open('fleeting.pt');
    const frame = await strip();
    const tab = () => vscode.window.tabGroups.activeTabGroup.activeTab?.label;
    assert.equal(tab(), 'fleeting.pt');
    rmSync(place('fleeting.pt'));
    await frame.getByText('This file was deleted').waitFor();
    assert.equal(tab(), 'fleeting.pt (deleted)');
    await workbench.screenshot('12-deleted');
    bring('nflows-2d', 'fleeting.pt');
    await frame.getByText('This file was deleted').waitFor({ state: 'detached' });
    await until('the name', () => tab() === 'fleeting.pt');
    assert.equal(await couplings(frame), 4);
  });

  it('are converted to checkpoints that open by themselves', async () => {
    open('rgb.pt');
    await strip();
    const output = place('converted.flow.safetensors');
    // The message at the end stays until somebody closes it.
    void vscode.commands.executeCommand('flowscope.convert', uri('rgb.pt'), { to: 'flowscope', output });
    await workbench.notification(/Saved converted\.flow\.safetensors/);
    await vscode.commands.executeCommand('notifications.clearAll');
    await closeAll();
    await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(output));
    await until('the editor', () =>
      openInspectors().includes('flowscope.inspector converted.flow.safetensors'),
    );
    const frame = await strip();
    assert.equal(await couplings(frame), 10);
    assert.match(await frame.locator('.origin').innerText(), /From chrischute/);
  });

  it('are trained on from', async () => {
    const flowscope = await api();
    const output = 'foreign/onward';
    const going = vscode.commands.executeCommand('flowscope.continueTraining', uri('plane.pt'), {
      data: 'moons',
      output,
      maxSteps: 3,
    });
    await workbench.acceptQuestions();
    await going;
    const status = () =>
      existsSync(path.join(place('onward'), 'run.json')) &&
      (JSON.parse(readFileSync(path.join(place('onward'), 'run.json'), 'utf8')) as {
        status: string;
        step: number;
      });
    await until(
      'the end',
      () => {
        const now = status();
        return now && now.status !== 'running' && flowscope.enginePids().trainings.length === 0;
      },
      90_000,
    );
    const { step } = status() as { step: number };
    assert.equal(step, 3);
    const checkpoint = vscode.Uri.file(path.join(place('onward'), 'checkpoints', 'last.flow.safetensors'));
    await vscode.commands.executeCommand('vscode.open', checkpoint);
    assert.equal(await couplings(await strip()), 4);
  });

  it('that nobody knows open as tables of their tensors, with the closest match', async () => {
    const header = JSON.stringify({
      'encoder.weight': { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
      'encoder.bias': { dtype: 'F32', shape: [2], data_offsets: [24, 32] },
    });
    const bytes = Buffer.alloc(8 + header.length + 32);
    bytes.writeBigUInt64LE(BigInt(header.length));
    bytes.write(header, 8);
    Float32Array.from([1, 2, 3, 4, 5, 6, 7, 8]).forEach((value, index) => {
      bytes.writeFloatLE(value, 8 + header.length + 4 * index);
    });
    await vscode.workspace.fs.writeFile(uri('unknown.safetensors'), bytes);
    open('unknown.safetensors');
    const frame = await workbench.webview('text=encoder.weight');
    await frame.getByText('This model cannot be run here').waitFor();
    const reason = await frame.locator('.why').innerText();
    assert.match(reason, /chrischute|nflows|normflows|zuko|FrEIA|fmu2/);
    const weight = frame.locator('tr', { hasText: 'encoder.weight' });
    await weight.locator('td', { hasText: '3.50' }).waitFor();
    assert.deepEqual(await weight.locator('td').allInnerTexts(), [
      'encoder.weight',
      '2×3',
      'F32',
      '6',
      '1.00',
      '3.50',
      '6.00',
      '1.71',
      '',
    ]);
    assert.equal(await workbench.title().count(), 0);
  });

  it('that are damaged, or whose answers are nonsense, say what is wrong and what to do', async () => {
    await vscode.workspace.fs.writeFile(uri('cut.pt'), readFileSync(place('plane.pt')).subarray(0, 9000));
    open('cut.pt');
    const cut = await workbench.webview('.whole [role=alert]');
    assert.match(await cut.locator('[role=alert]').innerText(), /could not be opened[^]*cut\.pt/);
    await cut.getByRole('button', { name: 'Retry' }).or(cut.getByText('Retry')).first().waitFor();
    await workbench.screenshot('14-damaged');
    await closeAll();

    bring('nflows-2d', 'odd.pt');
    writeFileSync(
      `${place('odd.pt')}.flowscope.json`,
      '{"library": "nflows", "answers": {"activation": "swish"}}',
    );
    open('odd.pt');
    const odd = await workbench.webview('.whole [role=alert] :text("odd.pt")');
    const said = await odd.locator('[role=alert]').innerText();
    assert.match(said, /activation[^]*relu[^]*swish/);
    // Repaired, it opens where it stands, by itself. *Retry* is pressed in browser/live, where nothing can come before it.
    writeFileSync(
      `${place('odd.pt')}.flowscope.json`,
      '{"library": "nflows", "answers": {"activation": "relu"}}',
    );
    assert.equal(await couplings(await strip()), 4);
  });

  it('leave nothing to ask where they are of Flowscope', async () => {
    void vscode.commands.executeCommand(
      'flowscope.changeImport',
      vscode.Uri.file(place('converted.flow.safetensors')),
    );
    await workbench.notification(/There is nothing to choose for/);
    await vscode.commands.executeCommand('notifications.clearAll');
  });
});
