/**
 * What only VS Code's own window shows of the inspector: its dialogs, its themes, its messages. What the views say is tested
 * in the browser tier, on the same models.
 */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Frame } from 'playwright-core';
import * as vscode from 'vscode';
import {
  chooseOther,
  compared,
  couplingsOf,
  endComparison,
  openComparison,
  others,
  select,
} from '../inspector/comparison';
import { giveValues, result } from '../inspector/frame';
import { fixture, folder, models, openModel, root, showTab } from '../inspector/models';
import { exampleOf } from '../inspector/reference';
import { allowClipboard, arraysIn, copyNumbers, saved } from '../inspector/take';
import { settled, until } from '../inspector/until';
import { acceptFile } from './dialogs';
import { inWindow } from './in-window';
import type { Workbench } from './workbench';

/** As VS Code names them, and what it then tells the page. */
const themes = [
  ['Default Dark Modern', 'vscode-dark'],
  ['Default Light Modern', 'vscode-light'],
  ['Default High Contrast', 'vscode-high-contrast'],
] as const;

interface Audit {
  violations: { id: string; nodes: { target: string[]; failureSummary?: string }[] }[];
}

describe('in the window', function () {
  this.timeout(180_000);
  let workbench: Workbench;
  const digits = models.find(({ name }) => name === 'digits')!;

  inWindow(
    async (window) => {
      workbench = window;
      await allowClipboard(workbench);
    },
    { dialogs: true, files: others },
  );

  it('numbers are saved where a dialog says, the same that are copied', async () => {
    const frame = await openModel(workbench, digits);
    const arrays = arraysIn(await saved(workbench, frame, '.strip', 'Save NPZ'));
    const table = await copyNumbers(frame, '.strip');
    const copied = table.column('coupling_example');
    assert.ok(copied.length > 4);
    assert.deepEqual([...arrays['coupling_example']!.data], copied.map(Math.fround));
  });

  it('a saved page opens without a network and says what the window says', async () => {
    const frame = await openModel(workbench, digits);
    const here = await result(frame);
    void vscode.commands.executeCommand('flowscope.exportHtml', vscode.Uri.file(digits.file()));
    const file = await acceptFile(workbench);
    await workbench.notification(/Saved .*needs no network/, 120_000);
    assert.ok(statSync(file).size > 500_000);
    const browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] || undefined });
    try {
      const page = await (await browser.newContext({ offline: true })).newPage();
      await page.goto(pathToFileURL(file).href);
      await page.locator('.flow[aria-busy=false]').waitFor();
      await until('its number', async () => (await result(page.mainFrame()).catch(() => NaN)) === here);
    } finally {
      await browser.close();
      rmSync(file);
    }
  });

  it('a new config has the name that the dialog proposes', async () => {
    void vscode.commands.executeCommand('flowscope.newConfig');
    await workbench.rows().filter({ hasText: 'tabular' }).first().click();
    const config = JSON.parse((await workbench.acceptSave()).toString()) as { preset: string };
    assert.equal(config.preset, 'tabular');
  });

  it('a model is compared with one that a dialog chose', async () => {
    const model = models.find(({ name }) => name === 'a flow of nflows')!;
    const zuko = others('zuko-2d.pt');
    cpSync(fixture('peers', 'zuko-2d', 'state_dict.pt'), zuko);
    writeFileSync(
      `${zuko}.flowscope.json`,
      JSON.stringify({ library: 'zuko', answers: { activation: 'relu' } }),
    );
    const frame = await openModel(workbench, model);
    await giveValues(frame, 'given.npy', exampleOf(model));
    await openComparison(frame);
    await chooseOther(workbench, frame, zuko, path.basename(zuko));
    await compared(frame, model, zuko);
    // And with another file of the same library.
    const copy = folder('copy.pt');
    for (const end of ['', '.flowscope.json']) cpSync(`${model.file()}${end}`, `${copy}${end}`);
    await chooseOther(workbench, frame, copy, path.basename(copy));
    const rows = await compared(frame, model, copy);
    assert.ok(rows.every(({ difference }) => difference === 0));
    await endComparison(frame, await select(frame, couplingsOf(rows).at(-1)!.name));
    // From the palette, without a button of the page.
    await workbench.palette('Flowscope: Compare With…');
    await workbench.title().filter({ hasText: 'Compare With' }).waitFor();
    await workbench.chooseModel(zuko);
    await compared(frame, model, zuko);
    await endComparison(frame, await select(frame, couplingsOf(rows)[0]!.name));
  });

  it('texts stand out from their background in the themes of VS Code', async () => {
    const settings = () => vscode.workspace.getConfiguration('workbench');
    const before = settings().inspect<string>('colorTheme')?.globalValue;
    const axe = readFileSync(path.join(root(), 'node_modules', 'axe-core', 'axe.min.js'), 'utf8');
    const frame = await openModel(workbench, digits);
    await frame.evaluate(axe);
    const bad: string[] = [];
    try {
      for (const [n, tabs] of [
        ['Activations', 'Samples', 'Diagnostics'],
        ['Conditioner', 'Examples', 'Run'],
        ['Log-det', 'Latents', 'By pixel'],
      ].entries()) {
        for (const [i, region] of ['.layer', '.gallery', '.diag'].entries())
          await showTab(frame, region, tabs[i]!);
        await frame.locator('main .skeleton.pulse').first().waitFor({ state: 'detached' });
        // There and back, so that each theme is set once for two sets of tabs.
        for (const [name, kind] of n % 2 === 0 ? themes : [...themes].reverse()) {
          await settings().update('colorTheme', name, vscode.ConfigurationTarget.Global);
          await until(`the theme ${name}`, () =>
            frame.evaluate((wanted) => document.body.dataset['vscodeThemeKind'] === wanted, kind),
          );
          const found = await settled(() => faint(frame));
          bad.push(...found.map((one) => `${name}, ${tabs.join(' ')}: ${one}`));
        }
      }
    } finally {
      await settings().update('colorTheme', before, vscode.ConfigurationTarget.Global);
    }
    assert.deepEqual(bad, []);
  });

  it('what Flowscope says in the walkthrough has nothing that axe finds', async () => {
    const axe = readFileSync(path.join(root(), 'node_modules', 'axe-core', 'axe.min.js'), 'utf8');
    await vscode.commands.executeCommand('workbench.action.openWalkthrough', 'flowscope.flowscope#start');
    const { page } = workbench;
    await page.getByText('Open a sample flow').first().waitFor();
    await page.evaluate(axe);
    const steps = page.locator('.gettingStartedDetailsContent .getting-started-step');
    assert.equal(await steps.count(), 5);
    const bad: string[] = [];
    // The list around it is VS Code's.
    for (let i = 0; i < 5; i++) {
      await steps.nth(i).click();
      bad.push(
        ...(await audit(page.mainFrame(), '.getting-started-step.expanded .step-description-container')),
      );
    }
    assert.deepEqual([...new Set(bad)], []);
  });
});

/** What axe-core finds below an element, in words. */
function audit(frame: Frame, selector: string): Promise<string[]> {
  return frame.evaluate(async (query) => {
    const { axe: run } = window as unknown as {
      axe: { run(node: Element, options: object): Promise<Audit> };
    };
    const { violations } = await run.run(document.querySelector(query)!, { resultTypes: ['violations'] });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.target.join(' ')} (${node.failureSummary ?? ''})`),
    );
  }, selector);
}

/** Texts whose contrast is too low, by axe-core. */
function faint(frame: Frame): Promise<string[]> {
  return frame.evaluate(async () => {
    const { axe: run } = window as unknown as {
      axe: { run(node: Element, options: object): Promise<Audit> };
    };
    const { violations } = await run.run(document.body, {
      resultTypes: ['violations'],
      runOnly: ['color-contrast'],
    });
    return violations.flatMap(({ nodes }) =>
      nodes.map((node) => `${node.target.join(' ')} (${node.failureSummary ?? ''})`),
    );
  });
}
