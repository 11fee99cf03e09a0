/** The page in conversation with its host: selection, keys, loading, cancelling, failing, NaN. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { showTab } from '../inspector/models';
import type { Page } from 'playwright-core';
import { arrays, costsOf, scoreRows } from '../inspector/command-line';
import { eventually, result, untilResult } from '../inspector/frame';
import type { Model } from '../inspector/models';
import { until } from '../inspector/until';
import type { EngineWindow } from './support/engine-window';
import type { EnginePage } from './support/engine-page';
import { inWindow } from './support/in-window';
import { tinyModel, tinyRun, type TinyRun } from './support/tiny-models';

const waiting = 60_000;

describe('live page', () => {
  let editor: EngineWindow;
  let digits: TinyRun;
  inWindow(
    async (started) => {
      editor = started;
      digits = await tinyRun(editor.folder, 'digits');
    },
    { untrained: true },
  );

  const title = (page: Page): Promise<string> => page.locator('.head h2').innerText();
  const ready = async (faults: Parameters<EngineWindow['openPage']>[1] = {}): Promise<EnginePage> => {
    const opened = await editor.openPage(digits.file(), faults);
    await opened.page.locator('.worked').waitFor();
    return opened;
  };
  const picture = (page: Page): Promise<string> =>
    page.evaluate(() =>
      document.querySelector<HTMLCanvasElement>('.layer canvas[data-name="s[0]"]')!.toDataURL(),
    );

  it('walks layers, tabs, examples and checkpoints by keys', async () => {
    const live = await ready();
    const { page } = live;
    assert.equal(await title(page), 'Coupling 1');
    await page.keyboard.press('ArrowDown');
    assert.equal(await title(page), 'Coupling 2');
    await page.keyboard.press('End');
    assert.equal(await title(page), 'Coupling 10');
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
    const before = await result(page.mainFrame());
    await page.keyboard.press('ArrowRight');
    await until('another result', async () => {
      const now = await result(page.mainFrame());
      return Number.isFinite(now) && now !== before;
    });
    assert.ok(live.calls.some((call) => /^ask \["strip".*"index":1/.test(call)));
    await page.keyboard.press('[');
    await page.locator('[data-step="160"]').waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
  });

  it('moves focus with the selection in the strip, one stop of the Tab key', async () => {
    const { page } = await ready();
    await page.locator('[data-layer="1"]').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    // Focus follows once the rows are drawn.
    await page.locator('[data-layer="3"]:focus').waitFor();
    assert.equal(await page.locator('.flow [tabindex="0"]').count(), 1);
  });

  it('shows skeletons with Cancel while it waits, then Retry', async () => {
    const live = await editor.openPage(digits.file(), {
      delays: { layer: waiting, layerOfExample: waiting },
    });
    const { page } = live;
    const panel = page.locator('#layer-panel');
    await panel.locator('.skeleton').first().waitFor();
    // The frame of the layer stands already: title, mask, tabs.
    assert.equal(await title(page), 'Coupling 1');
    await live.untilAsked('layerOfExample', () => true);
    const before = live.cancelled.length;
    await panel.getByText('Cancel').click();
    await panel.getByText('Canceled').waitFor();
    // The page may give up another question meanwhile, such as one asked ahead.
    const cancelled = live.cancelledMethods().slice(before);
    assert.ok(cancelled.includes('layer'), 'the whole layer');
    assert.ok(cancelled.includes('layerOfExample'), 'the example alone');
    live.delays = {};
    await panel.getByText('Retry').click();
    await page.locator('.worked').waitFor();
  });

  it('shows the layers of an outline while the model is being opened, and what opening it says next', async () => {
    const live = await editor.openPage(digits.file(), { delays: { summary: waiting, strip: waiting } });
    const { page } = live;
    assert.equal(await page.locator('.flow [role=option]').count(), 0);
    await live.untilAsked('summary', () => true);
    await live.outlined();
    await page.locator('.flow [data-layer]').first().waitFor();
    assert.equal(await page.locator('.flow[aria-busy=true]').count(), 1, 'its numbers are not there yet');
    // Whoever asks again is not told what was true before.
    live.delays = {};
    live.errors = { summary: 'tiny.flow.safetensors: is damaged.' };
    await live.changed('model');
    await page.getByText('is damaged').waitFor();
  });

  it('takes the strip that the host sends unasked, once', async () => {
    const live = await editor.openPage(digits.file(), { delays: { strip: waiting } });
    const { page } = live;
    await live.untilAsked('strip', () => true);
    await page.locator('.flow[aria-busy=true] [data-layer]').first().waitFor();
    await live.answeredAhead();
    await page.locator('.flow[aria-busy=false]').waitFor();
    // What comes before a change says nothing of what is there after it.
    await live.answeredAhead();
    await live.changed('model');
    // The strip of the next example may have been asked for meanwhile.
    const asked = () => live.asked('strip').map((query) => JSON.stringify(query));
    await until('the strip is asked for', () => asked().slice(1).includes(asked()[0]!));
    await page.locator('.strip').getByText('Cancel').waitFor();
  });

  it('shows what is known of the example while the batch takes its time', async () => {
    const { page: whole } = await ready();
    await whole.locator('.flow[aria-busy=false]').waitFor();
    const cost = await whole.locator('[data-result]').innerText();
    const contribution = await whole.locator('.flow [data-layer="2"] .num').first().innerText();
    const map = await picture(whole);

    const slow = await ready({ delays: { strip: waiting, layer: waiting } });
    assert.equal(await slow.page.locator('[data-result]').innerText(), cost);
    const row = slow.page.locator('.flow [data-layer="2"] .num');
    assert.equal(await row.first().innerText(), contribution);
    assert.equal(await row.nth(1).innerText(), '–', 'the round trip is of the batch');
    assert.equal(await picture(slow.page), map);
    await slow.page.locator('.strip').getByText('Cancel').waitFor();
    slow.delays = {};
    await until('the round trip', async () => (await row.nth(1).innerText()) !== '–');
  });

  it('never shows an answer of another selection', async () => {
    const live = await ready();
    const { page } = live;
    live.delays = { strip: waiting, stripOfExample: waiting, layer: waiting, layerOfExample: waiting };
    const before = await page.locator('[data-result]').innerText();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    // What stood there is gone, and the call that nobody waits for was cancelled.
    await page.locator('[data-result]', { hasText: '–' }).waitFor();
    await page.locator('.worked').waitFor({ state: 'detached' });
    await until('cancelled calls', () => live.cancelled.length >= 2);
    live.delays = {};
    await page.locator('.worked').waitFor();
    await live.untilAsked('layer', ({ example }) => example?.kind === 'data' && example.index === 3);
    assert.notEqual(await page.locator('[data-result]').innerText(), before);
  });

  it('keeps the frames where they are from loading to ready', async () => {
    const live = await editor.openPage(digits.file(), {
      delays: {
        ...{ layer: waiting, layerOfExample: waiting, diagnostics: waiting },
        ...{ strip: waiting, stripOfExample: waiting },
      },
      ...{ width: 1280, height: 800 },
    });
    const { page } = live;
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
    live.delays = {};
    await page.locator('.worked').waitFor();
    await page.locator('.waterfall').waitFor();
    assert.equal(await boxes(), loading);
  });

  it('says what failed, why, and offers Retry and the log', async () => {
    const live = await ready({
      errors: {
        network: 'Tensor scales.0.checkerboard.0.input.weight is cut off: 12 of 48 bytes are there.',
      },
    });
    const { page } = live;
    await page.keyboard.press('4');
    const panel = page.locator('#layer-panel');
    await panel.getByText('is cut off: 12 of 48 bytes').waitFor();
    await panel.getByText('Show log').click();
    await until('the log', () => live.said('showLog').length === 1);
    live.errors = {};
    await panel.getByText('Retry').click();
    await panel.locator('table').first().waitFor();
  });

  it('keeps Retry where it is while it is pressed, and while the file is read again', async () => {
    const live = await ready({ errors: { network: 'It is cut off.' } });
    const { page } = live;
    await page.keyboard.press('4');
    const panel = page.locator('#layer-panel');
    const button = panel.locator('vscode-button', { hasText: 'Retry' });
    await button.waitFor();
    await button.evaluate((element) => element.setAttribute('data-same', ''));
    const same = panel.locator('vscode-button[data-same]');
    const asked = (): number => live.asked('network').length;
    const failures = (): number => live.answers.filter((answer) => answer.startsWith('network ')).length;

    // The file changed: the same question is asked again, and fails again after a while.
    let before = asked();
    live.delays = { network: 300 };
    await live.changed('model');
    await until('the question again', () => asked() > before);
    assert.equal(await same.count(), 1);
    await until('the failure again', () => failures() === asked());
    assert.equal(await same.count(), 1);

    // An answer that comes while the button is pressed takes it away only once it is let go.
    const box = (await button.boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    // A press of more than a second is no click: the page's clock stands still for as long as the answer takes.
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + 1000);
    // The press takes the focus from somewhere else, as it mostly does.
    await page.getByRole('tab', { name: 'Conditioner' }).focus();
    await page.mouse.down();
    await page.clock.runFor(10);
    before = asked();
    live.delays = {};
    live.errors = {};
    await live.changed('model');
    await until('the question once more', () => asked() > before && failures() === asked());
    // Messages come in their order: what the page was told before this it knows.
    await page.evaluate(() => undefined);
    assert.equal(await same.count(), 1);
    await page.mouse.up();
    await page.clock.resume();
    await panel.locator('table').first().waitFor();
    assert.equal(await same.count(), 0);
  });

  it('says why a model cannot be opened', async () => {
    const { page } = await editor.openPage(digits.file().replace('240', '241'));
    await page.getByText('no such file').first().waitFor();
    await page.getByText('The model could not be opened').waitFor();
  });

  it('marks the first layer with NaN or ∞ and draws nothing over such values', async () => {
    let done = false;
    const broken = await tinyModel(editor.folder, 'digits', {
      change: (tensor, values) => {
        if (done || !tensor.startsWith('scales.0.channelwise.0.') || !tensor.endsWith('bias')) return;
        done = true;
        values.fill(NaN);
      },
    });
    const { page } = await editor.openPage(broken.file());
    await page.locator('.badge-nan').waitFor();
    assert.equal(await page.locator('.badge-nan').count(), 1);
    assert.equal(await page.locator('[data-layer="5"] .badge-nan').count(), 1);
    await page.locator('.bar .hero.bad').waitFor();
    await page.getByText('first at coupling 4').click();
    assert.equal(await title(page), 'Coupling 4');
    await page.locator('[data-tensor=y] dd .bad').waitFor();
    assert.equal(await page.locator('.waterfall').count(), 0);
    await page.getByText('First non-finite value: coupling 4').waitFor();
  });

  it('knows the next example before it is paged to', async () => {
    const live = await ready();
    const { page } = live;
    for (const [key, index] of [
      ['ArrowRight', 1],
      ['ArrowRight', 2],
      ['ArrowLeft', 1],
    ] as const) {
      await until(`example ${index}`, () =>
        (['strip', 'layer'] as const).every((method) =>
          live.answers.some((call) => call.startsWith(`${method} `) && call.includes(`"index":${index}`)),
        ),
      );
      // What was not asked for by now would take longer than this test waits.
      live.delays = { strip: waiting, layer: waiting, stripOfExample: waiting, layerOfExample: waiting };
      const before = await page.locator('.worked').innerText();
      await page.keyboard.press(key);
      await until('the example', async () => (await page.locator('.worked').innerText()) !== before, 10_000);
      live.delays = {};
    }
  });

  it('lives without data: the first sample is the example, any other becomes it', async () => {
    const moved = await tinyModel(editor.folder, 'digits', { moved: true });
    const live = await editor.openPage(moved.file());
    const { page } = live;
    await page.locator('canvas[data-name=sample]').first().waitFor();
    assert.deepEqual(live.asked('strip')[0]?.example, {
      ...{ kind: 'sample', count: 25, seed: 7, temperature: 1, index: 0 },
    });
    await untilResult(page.mainFrame(), await costOfSample(editor, moved));
    // It stands among samples, as there is nothing else to compare with.
    const chart = page.locator('.chart', { hasText: 'How likely is x' });
    await chart.getByText('fill samples, temperature 1').waitFor();
    assert.ok((await chart.locator('rect.fill').count()) > 3);
    await page.getByRole('radio', { name: 'mean' }).click();
    await page.locator('vscode-dropdown[title="Where the example comes from"]').click();
    await page.locator('vscode-option:visible', { hasText: 'None' }).click();
    await page.getByText('No example is chosen').waitFor();
    await showTab(page, '.gallery', 'Examples');
    await page.locator('.gallery').getByText('moved.npz').first().waitFor();
    await showTab(page, '.gallery', 'Nearest');
    await page.locator('.gallery').getByText('moved.npz').first().waitFor();
    await showTab(page, '.gallery', 'Samples');
    await page.locator('.thumbs button').nth(3).click();
    await page.getByText('Use as example').click();
    await live.untilAsked('strip', ({ example }) => example?.kind === 'sample' && example.index === 3);
  });

  it('asks again when the model changed on disk, and keeps the choices', async () => {
    const live = await ready();
    const { page } = live;
    await page.keyboard.press('ArrowDown');
    // A busy machine may lose a key; this one may be pressed again.
    await until('the third tab', async () => {
      await page.keyboard.press('3');
      return (await page.locator('[data-map=logdet]').count()) > 0;
    });
    await page.locator('[data-map=logdet]').waitFor();
    const asked = live.asked('strip').length;
    await live.changed('model');
    await until('the strip again', () => live.asked('strip').length > asked);
    await page.locator('[data-map=logdet]').waitFor();
    assert.equal(await title(page), 'Coupling 2');
    const kept = (await live.state()) as { layer: number; tab: string };
    assert.deepEqual([kept.layer, kept.tab], [2, 'logdet']);
  });

  it('asks for samples by seed, temperature and number', async () => {
    const live = await ready();
    const { page } = live;
    await page.locator('canvas[data-name=sample]').first().waitFor();
    await page.getByRole('button', { name: /^Sample:/ }).click();
    await live.untilAsked('samples', ({ seed }) => seed === 8);
    const temperature = page.getByRole('slider', { name: 'Temperature', exact: true });
    await temperature.focus();
    await page.keyboard.press('ArrowRight');
    await live.untilAsked('samples', (query) => query.temperature === 1.05);
    // While it is dragged, before it is let go.
    const box = (await temperature.boundingBox())!;
    await page.mouse.move(box.x + 0.7 * box.width, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + 0.3 * box.width, box.y + box.height / 2, { steps: 4 });
    await live.untilAsked('samples', (query) => query.temperature < 0.6);
    await page.mouse.up();
  });

  it('folds a flow of many layers and opens it on demand', async () => {
    const long = await tinyModel(editor.folder, 'long');
    const { page } = await editor.openPage(long.file());
    await page.locator('.worked').waitFor();
    assert.ok((await page.locator('.flow [role=option]').count()) < 40);
    const folded = page.locator('.flow [role=option]', { hasText: '24 layers' }).first();
    await folded.focus();
    await page.keyboard.press('Enter');
    await page.locator('[data-layer="30"]').waitFor();
    await page.keyboard.press('End');
    await eventually(() => page.locator('[data-layer="90"][aria-selected=true]').waitFor());
  });
});

/** By the command line: bits/dim of the first sample, whose pixels lie within what a file may hold. */
async function costOfSample({ folder }: EngineWindow, model: Model): Promise<number> {
  const { x } = await arrays<'x'>('sample', model.file(), { count: 25, seed: 7, temperature: 1 });
  const scores = await scoreRows(model.file(), model.shape, `${folder}/sample.npy`, [x.data.subarray(0, 64)]);
  return costsOf(scores)[0]!;
}
