/** What Flowscope adds to VS Code itself, with the five models: lenses and hovers, status bar, layers, commands, tools of chat. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Frame } from 'playwright-core';
import * as vscode from 'vscode';
import { encodeNpy } from '../../src/data/npy';
import type { CheckpointReport, NonFiniteReport, ScoreReport } from '../../src/protocol/assistant';
import { allowTools, api, closeAll, ours } from '../extension/ours';
import { until } from '../inspector/until';
import { flowscope, score } from '../inspector/command-line';
import { edited } from '../inspector/edited';
import { folder, isImage, type Model, models, openModel, triedOn } from '../inspector/models';
import { eventually, near, parseNumber, result, value } from '../inspector/frame';
import { exampleOf, reference } from '../inspector/reference';
import { inWindow } from './in-window';
import { statusOf } from './run-status';
import type { Workbench } from './workbench';

describe('in VS Code', function () {
  this.timeout(180_000);
  let workbench: Workbench;
  const trained = triedOn.filter(({ steps }) => steps.length > 0);
  const runOf = (model: Model) => path.dirname(path.dirname(model.file()));

  after(async () => {
    await allowTools(false);
    await vscode.commands.executeCommand('workbench.view.explorer');
  });
  inWindow(async (window) => {
    workbench = window;
    await vscode.commands.executeCommand('flowscope.layers.focus');
    await allowTools(true);
  });

  for (const model of trained) {
    it(`a run config of ${model.name} has hovers, trains and opens its last checkpoint`, async () => {
      const file = `${runOf(model)}.flow.json`;
      const document = await vscode.workspace.openTextDocument(file);
      await vscode.window.showTextDocument(document);
      const text = document.getText();
      const config = JSON.parse(text) as Record<string, object>;
      const { jsonValidation } = (
        ours().packageJSON as { contributes: { jsonValidation: { url: string }[] } }
      ).contributes;
      const schema = readFileSync(path.join(ours().extensionPath, jsonValidation[0]!.url), 'utf8');
      const described = new Set(
        [...schema.matchAll(/"(?:markdownDescription|description)":\s*("(?:[^"\\]|\\.)*")/g)].map(
          ([, quoted]) => JSON.parse(quoted!) as string,
        ),
      );
      for (const key of Object.values(config).flatMap((section) => Object.keys(section))) {
        const at = document.positionAt(text.indexOf(`"${key}"`) + 2);
        const said = await until(`a hover on ${key}`, async () => {
          const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
            'vscode.executeHoverProvider',
            document.uri,
            at,
          );
          const parts = hovers.flatMap(({ contents }) => contents) as vscode.MarkdownString[];
          const words = parts.map((part) => part.value).join('\n');
          return words !== '' && words;
        });
        // Escapes of Markdown and the end of a line are the editor's.
        const plain = (words: string) => words.replace(/\\|\s+/g, '');
        assert.ok(
          [...described].some((words) => plain(said).includes(plain(words)) && words.length > 10),
          `${key}: ${said}`,
        );
      }

      const lens = (title: string) => workbench.page.locator('.codelens-decoration a', { hasText: title });
      await lens('Train').first().click();
      await workbench.title().filter({ hasText: 'Train' }).waitFor();
      const name = `again-${path.basename(runOf(model))}`;
      const run = folder(name);
      await workbench.input().fill(run);
      await workbench.accept();
      try {
        const rowsOf = (): Record<string, number>[] => {
          const file = path.join(run, 'metrics.jsonl');
          const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
          // The last may be half written.
          return lines.slice(0, -1).map((line) => JSON.parse(line) as Record<string, number>);
        };
        const measured = (): number[] =>
          rowsOf().flatMap((row) =>
            ['validationBitsPerDim', 'trainBitsPerDim', 'validationNats', 'trainNats'].flatMap(
              (column) => row[column] ?? [],
            ),
          );
        // Before the first line of metrics it is the loss since the start, by steps.
        const [, percent] = await until(
          'a number of the metrics in the status bar',
          async () => {
            const shown = new RegExp(
              `^\\$\\(pulse\\) ${name} (\\d+)% · (\\d+\\.(\\d+)) (bits/dim|nats)`,
            ).exec((await api()).statusBarText() ?? '');
            return measured().some((number) => number.toFixed(shown?.[3]?.length) === shown?.[2]) && shown!;
          },
          120_000,
        );
        await vscode.commands.executeCommand('flowscope.stopTraining', vscode.Uri.file(run));
        await until(
          'the end of the training',
          async () => (await api()).enginePids().trainings.length === 0,
          60_000,
        );
        const rows = rowsOf();
        const { steps } = (config as { training: { steps: number } }).training;
        const last = rows.at(-1)!['step']!;
        assert.ok(Number(percent) <= Math.ceil((last / steps) * 100), `${percent} % at step ${last}`);
        assert.equal((await api()).statusBarText(), undefined);

        await vscode.window.showTextDocument(document);
        await lens('Open last checkpoint').click();
        await until('the inspector', () => {
          const { input } = vscode.window.tabGroups.activeTabGroup.activeTab ?? {};
          return (
            input instanceof vscode.TabInputCustom &&
            path.dirname(input.uri.fsPath) === path.join(run, 'checkpoints') &&
            path.basename(input.uri.fsPath).startsWith('last')
          );
        });
        const frame = await workbench.webview('[data-result]');
        const { step } = statusOf(run);
        await frame.locator(`[data-step="${step}"]`).waitFor();
      } finally {
        await closeAll();
        rmSync(run, { recursive: true, force: true });
      }
    });
  }

  for (const model of triedOn) {
    it(`the Layers view lists ${model.name} and goes with the page`, async () => {
      const { layers } = await reference(model.file());
      const frame = await openModel(workbench, model);
      await frame.locator('.strip').getByRole('radio', { name: 'mean' }).click();
      const shown = (await api()).layers;
      const items = await until('log-dets in the list', () => {
        const { items: now } = shown();
        return now.some((item) => item.includes(' nats')) && now;
      });
      const named = items.filter((item) => !item.startsWith('Scale '));
      assert.equal(named.length, layers.length);
      for (const [i, { info }] of layers.entries()) {
        const item = named[i]!;
        if (info.coupling !== undefined) assert.ok(item.startsWith(`Coupling ${info.coupling + 1} `), item);
        assert.ok(item.includes(info.outputShape.join('×')), item);
        const number = frame.locator(`[data-layer="${info.index}"] .num:not(.rt)`);
        // Layers that only move values have no number in the strip.
        const expected = (await number.count()) > 0 ? parseNumber(await number.first().innerText()) : 0;
        // The strip has no room for decimals of thousands.
        near(value(item.split(/ mean | · /)[1]!), expected, Math.abs(expected) >= 1000 ? 0.51 : 0.051, item);
      }
      const scales = new Set(layers.map(({ info }) => info.scale)).size;
      for (const heading of items.filter((item) => item.startsWith('Scale '))) {
        const [scale, count] = heading.match(/\d+/g)!.map(Number);
        assert.equal(layers.filter(({ info }) => info.scale === scale! - 1).length, count, heading);
      }
      assert.equal(items.length - named.length, scales > 1 ? scales : 0);
      assert.equal(shown().badge, undefined);

      const title = frame.locator('.layer .head h2');
      const rows = workbench.page.locator('.pane-body .monaco-list-row');
      await rows
        .filter({ hasText: /^Coupling 3/ })
        .first()
        .click();
      await frame.locator('.layer .head h2', { hasText: /^Coupling 3$/ }).waitFor();
      await frame
        .locator(`[data-layer="${layers.find(({ info }) => info.coupling === 3)!.info.index}"]`)
        .click();
      await until('the list to follow', () => shown().selected[0]?.startsWith('Coupling 4 '));
      assert.equal(await title.innerText(), 'Coupling 4');
    });

    // One with a run and one without, by the palette.
    if (model.name !== 'digits' && model.name !== 'a flow of nflows') continue;
    it(`commands do what they say with ${model.name}`, async () => {
      const { layers } = await reference(model.file());
      const frame = await openModel(workbench, model);
      await commandsWork(model, frame, layers.length);
      await hiddenWhereTheyCannotDoAnything(model);
      await aboutTheFile(model);
    });
  }

  // A run and a file of another library; what the tools compute is tested with the engine.
  for (const model of models.filter(({ name }) => name === 'digits' || name === 'a flow of nflows')) {
    it(`tools of chat say of ${model.name} what the command line says`, async () => {
      await toolsAgree(model);
    });
  }

  /** By the palette, as a user does. */
  async function commandsWork(model: Model, frame: Frame, layerCount: number): Promise<void> {
    const run = (title: string): Promise<void> => workbench.palette(`Flowscope: ${title}`);
    const selected = () => frame.locator('.flow [aria-selected=true]').getAttribute('data-layer');
    const at = (layer: number, what: string) => until(what, async () => (await selected()) === String(layer));
    await run('Last Layer');
    await at(layerCount - 1, 'the last layer');
    await run('Previous Layer');
    await at(layerCount - 2, 'the layer before');
    await run('First Layer');
    await at(0, 'the first layer');
    await run('Next Layer');
    await at(1, 'the second layer');
    // What stood for a moment only is no place to go back to.
    const can = (way: string) => frame.locator(`.bar vscode-button[title^="${way}"]:not([disabled])`);
    await until('a place to go back to', async () => {
      await vscode.commands.executeCommand('flowscope.lastLayer');
      await pause(600);
      await vscode.commands.executeCommand('flowscope.firstLayer');
      await at(0, 'the first layer');
      return can('Back to').isVisible();
    });
    await run('Back to Previous Selection');
    // Which one depends on how long the window took for those before.
    await until('the way back', async () => (await selected()) !== '0');
    await can('Forward').waitFor();
    await run('Forward to Next Selection');
    await at(0, 'the way forward');

    const coupling = frame.locator('[data-layer]:has(.idx:not(:empty))').first();
    await coupling.click();
    const tabs = ['Mask', 'Log-det', 'Conditioner', 'Jacobian', 'Activations'];
    for (const tab of [...tabs, ...(isImage(model) ? [] : ['Plane'])]) {
      await run(`Show ${tab} of the Layer`);
      await frame.locator('.layer').getByRole('tab', { name: tab, selected: true }).waitFor();
    }

    const before = await result(frame);
    const index = frame.locator('.bar vscode-text-field[title^="Index"] input');
    assert.equal(await index.inputValue(), '0');
    await run('Next Example');
    await until('the next example', async () => (await index.inputValue()) === '1');
    await until('its likelihood', async () => {
      const now = await result(frame).catch(() => NaN);
      return Number.isFinite(now) && now !== before;
    });
    await run('Previous Example');
    await until('the example before', async () => (await result(frame).catch(() => NaN)) === before);

    if (model.steps.length > 0) {
      await run('Previous Checkpoint of the Run');
      await frame.locator(`[data-step="${model.steps.at(-2)}"]`).waitFor();
      await run('Next Checkpoint of the Run');
      await frame.locator(`[data-step="${model.steps.at(-1)}"]`).waitFor();
      await until('its likelihood', async () => (await result(frame).catch(() => NaN)) === before);
    }

    const seed = frame.locator('vscode-text-field[title="Seed"] input');
    const drawn = Number(await seed.inputValue());
    await run('Draw New Samples');
    await until('another seed', async () => Number(await seed.inputValue()) === drawn + 1);

    await frame.locator('.flow[aria-busy=false]').waitFor();
    await vscode.env.clipboard.writeText('');
    await run('Copy Report');
    const report = await until('a report', async () => {
      const text = await vscode.env.clipboard.readText();
      return text.includes('\t') && text;
    });
    assert.ok(report.startsWith(path.basename(model.file())), report);
    near(value(report.split('\n')[2]!), before, 0.0051, report);
    await frame.locator('.strip').getByRole('radio', { name: 'mean' }).click();
    const rows = report.split('\n').filter((line) => /\t/.test(line));
    assert.equal(rows.length, layerCount + 1);
    for (const [i, row] of rows.slice(1).entries()) {
      const number = frame.locator(`[data-layer="${i}"] .num:not(.rt)`);
      if ((await number.count()) === 0) continue;
      near(value(row.split('\t')[2]!), parseNumber(await number.first().innerText()), 0.51, row);
    }

    await run('Show Keyboard Shortcuts of the Inspector');
    await frame.locator('dialog[open], [role=dialog]').first().waitFor();
    await frame.locator('body').press('Escape');
    await until('the end of the help', async () => (await frame.locator('dialog[open]').count()) === 0);
  }

  /** Planes have one more tab, and runs more than one checkpoint. */
  async function hiddenWhereTheyCannotDoAnything(model: Model): Promise<void> {
    const listed = async (title: string): Promise<boolean> => {
      await workbench.input().fill(`>Flowscope: ${title}`);
      // What is looked for stands beside something that is always there.
      await workbench.rows().filter({ hasText: /./ }).first().waitFor();
      let last = '';
      const rows = await until('the list to settle', async () => {
        const now = (await workbench.rows().allInnerTexts()).join('|');
        const settled = now === last;
        last = now;
        return settled && now;
      });
      return rows.replaceAll('\n', ' ').includes(`Flowscope: ${title}`);
    };
    await workbench.page.keyboard.press('Escape');
    await workbench.page.keyboard.press('F1');
    await workbench.input().waitFor();
    await eventually(async () => assert.equal(await listed('Show Mask of the Layer'), true));
    const runs = model.steps.length > 0;
    await eventually(async () => {
      assert.equal(await listed('Show Plane of the Layer'), !isImage(model), 'plane');
      assert.equal(await listed('Next Checkpoint of the Run'), runs, 'next checkpoint');
      assert.equal(await listed('Previous Checkpoint of the Run'), runs, 'previous checkpoint');
      assert.equal(await listed('Train from This Config'), false, 'configs only');
      assert.equal(await listed('Refresh Runs'), false, 'a button of its view');
    });
    await workbench.page.keyboard.press('Escape');
  }

  /** Commands about the file say what does not apply to it. */
  async function aboutTheFile(model: Model): Promise<void> {
    const runs = model.steps.length > 0;
    const question = /How to read/;
    void vscode.commands.executeCommand('flowscope.changeImport');
    if (runs) await workbench.notification(/There is nothing to choose for/);
    else {
      await workbench.title().filter({ hasText: question }).waitFor();
      await workbench.page.keyboard.press('Escape');
      await workbench.title().filter({ hasText: question }).waitFor({ state: 'hidden' });
    }
    void vscode.commands.executeCommand('flowscope.convert');
    if (runs && isImage(model)) await workbench.notification(/No other library/);
    else {
      const offered = runs ? 'Couplings, splines' : 'One file with everything';
      await workbench.rows().filter({ hasText: offered }).first().waitFor();
      await workbench.page.keyboard.press('Escape');
    }
  }

  const tool = async <T>(name: string, input: object): Promise<{ sentence: string; report: T }> => {
    const { content } = await vscode.lm.invokeTool(`flowscope_${name}`, {
      input,
      toolInvocationToken: undefined,
    });
    const text = content.map((part) => (part as vscode.LanguageModelTextPart).value).join('');
    const [sentence = '', json = ''] = text.split('\n\n');
    return { sentence, report: JSON.parse(json) as T };
  };

  async function toolsAgree(model: Model): Promise<void> {
    const { report: summary } = await tool<CheckpointReport>('summarizeCheckpoint', { path: model.file() });
    const info = await flowscope<Info>('info', model.file());
    const { layers, tensors } = await reference(model.file());
    assert.deepEqual(
      [summary.format, summary.parameterCount, summary.tensorCount, summary.step, summary.inputShape],
      [info.format, info.parameterCount, info.tensorCount, info.step, info.architecture.inputShape],
    );
    assert.equal(summary.architecture, info.architecture.summary);
    assert.equal(summary.tensorCount, Object.keys(tensors).length);
    // Preprocessing is no layer of the file.
    assert.equal(summary.layerCount, layers.filter(({ flow }) => flow).length);
    assert.deepEqual(
      summary.layers.map((layer) => [layer.name, layer.parameterCount]),
      info.layers.map((layer) => [layer.name, layer.parameterCount]),
    );
    assert.deepEqual(Object.keys(summary.validation ?? {}).sort(), Object.keys(info.validation ?? {}).sort());
    for (const [unit, cost] of Object.entries(info.validation ?? {}))
      near(summary.validation![unit as 'nats'], cost, 1e-5 * Math.abs(cost), unit);

    const count = 6;
    const examples = Float32Array.from({ length: count }, (_, i) => i).reduce<number[]>(
      (all, i) => [...all, ...exampleOf(model, 1 + i)],
      [],
    );
    const file = folder('six.npy');
    writeFileSync(file, encodeNpy({ shape: [count, ...model.shape], data: Float32Array.from(examples) }));
    const { report: scored } = await tool<ScoreReport>('scoreFile', {
      path: model.file(),
      data: file,
      leastLikely: 2,
    });
    const expected = await score(model.file(), file);
    const each = expected.bitsPerDim ?? expected.nats;
    assert.deepEqual([scored.count, scored.unit], [count, isImage(model) ? 'bits/dim' : 'nats']);
    const mean = expected.nats.reduce((a, b) => a + b) / count;
    near(scored.mean.nats, mean, 1e-4 * Math.abs(mean) + 1e-3, 'mean −ln p');
    const worst = [...each.keys()].sort((a, b) => each[b]! - each[a]!).slice(0, 2);
    assert.deepEqual(
      scored.leastLikely.map(({ index }) => index),
      worst,
    );
    scored.leastLikely.forEach((one, i) => near(one.value, each[worst[i]!]!, 1e-3, 'the least likely'));

    const couplings = layers.filter(({ info: { coupling } }) => coupling !== undefined);
    const { name } = couplings[1]!.info;
    let spoilt = '';
    const wrong = await edited(model, 'with-nan', (tensor, values) => {
      if (spoilt || !tensor.startsWith(`${name}.`) || !tensor.endsWith('.bias')) return;
      spoilt = tensor;
      values[0] = NaN;
    });
    const { sentence, report } = await tool<NonFiniteReport>('findNonFinite', { path: wrong.file() });
    assert.equal(report.pass?.layer?.name, name, sentence);
    assert.ok(sentence.includes('first appears in coupling 2.'), sentence);
    assert.deepEqual(
      report.tensors.first.map((one) => [one.name, one.layer, one.nan, one.values]),
      [[spoilt, name, 1, tensors[spoilt]!.data.length]],
    );
    const sound = await tool<NonFiniteReport>('findNonFinite', { path: model.file() });
    assert.ok(sound.sentence.startsWith(`Every value of ${layers.length} layers is finite`), sound.sentence);
    rmSync(file);
  }
});

interface Info {
  format: string;
  parameterCount: number;
  tensorCount: number;
  step?: number;
  architecture: { summary: string; inputShape: number[] };
  validation?: Record<string, number>;
  layers: { name: string; parameterCount: number }[];
}
