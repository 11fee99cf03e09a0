/** Flows in continuous time: where their examples go, of a field that runs and of a recording. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { near, untilInk, value } from '../inspector/frame';
import { showTab, type Model } from '../inspector/models';
import { copyNumbers } from '../inspector/take';
import { until } from '../inspector/until';
import { audit } from './support/audit';
import type { EnginePage } from './support/engine-page';
import type { EngineWindow } from './support/engine-window';
import { inWindow } from './support/in-window';
import { tinyModel } from './support/tiny-models';

const recording = path.resolve('test', 'fixtures', 'recordings', 'field.flowrec.safetensors');

describe('a vector field', () => {
  let editor: EngineWindow;
  let models: { field: Model; table: Model };
  inWindow(
    async (started) => {
      editor = started;
      models = {
        field: await tinyModel(editor.folder, 'field'),
        table: await tinyModel(editor.folder, 'fieldTable'),
      };
    },
    { untrained: true },
  );
  const ready = async (
    file: string,
    tab: string,
    options: { width?: number; language?: string } = {},
  ): Promise<EnginePage> => {
    const live = await editor.openPage(file, { width: 1280, height: 900, ...options });
    const { page } = live;
    await page.locator('.flow[aria-busy=false]').waitFor();
    await page.locator('.flow [data-layer="2"]').first().click();
    await showTab(page, '.layer', tab);
    return live;
  };
  const said = (page: Page): Promise<string> => page.locator('.layer .view-verdict').innerText();
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

  for (const [kind, file] of [
    ['recording', () => recording],
    ['checkpoint', () => models.field.file()],
  ] as const) {
    it(`of a ${kind} shows the paths of examples, and how straight they are`, async () => {
      const live = await ready(file(), 'Paths');
      const { page } = live;
      await untilInk(page.mainFrame(), '.layer canvas[data-name=paths]');
      const words = await said(page);
      const [own = NaN, average = NaN] = words.match(/\d+\.\d\d/g)!.map(Number);
      assert.match(
        words,
        /^The path of this example is [\d.]+ times as long as its chord\. The mean of \d+ is/,
      );
      const table = await copyNumbers(page.mainFrame(), '.layer');
      const all = table.column('length_by_chord');
      near(all[0]!, own, 0.006, 'of the first example, which is selected');
      near(mean(all), average, 0.006, 'the mean');
      assert.ok(all.every((value) => value >= 0.999));
      assert.match(
        (await page.locator('canvas[data-name=paths]').getAttribute('aria-label'))!,
        new RegExp(`^Paths of ${all.length} examples from data to noise`),
      );
      assert.deepEqual(await audit(page, { within: ['.layer'] }), []);
      await page.getByRole('button', { name: 'Next example (→)' }).click();
      await live.untilAsked('fieldPaths', ({ example }) => example?.kind === 'data' && example.index === 1);
      await until('the path of the next example', async () => {
        const next = Number((await said(page)).match(/\d+\.\d\d/)![0]);
        return Math.abs(next - all[1]!) < 0.006;
      });
    });
  }

  it('marks the slice that is selected', async () => {
    const { page } = await ready(recording, 'Paths');
    const note = page.locator('.layer .panels p.tick');
    assert.match(await note.innerText(), /from t = 0\.8 \(dot\) to t = 0\.7 \(ring\)/);
    await page.locator('.flow [data-layer="9"]').first().click();
    await until('the last slice', async () =>
      /t = 0\.1 \(dot\) to t = 0 \(ring\)/.test(await note.innerText()),
    );
  });

  it('shows where the field pushes when a slice begins', async () => {
    const live = await ready(models.field.file(), 'Field');
    const { page } = live;
    const slices = page.locator('.flow [data-layer]').filter({ hasText: 't 0' });
    await slices.first().click();
    await untilInk(page.mainFrame(), '.layer canvas[data-name=field]');
    const verdict =
      /^At t = ([\d.]+), this example moves ([\d.]+) per unit of t; a unit .* adds [+−]?[\d.]+ nats/;
    assert.match(await said(page), verdict);
    const [, time] = verdict.exec(await said(page))!;
    const { column } = await copyNumbers(page.mainFrame(), '.layer');
    assert.equal(column('nats_per_t').length, 40 * 40);
    assert.ok(column('nats_per_t').every(Number.isFinite));
    assert.deepEqual(await audit(page, { within: ['.layer'] }), []);
    await slices.nth(1).click();
    await until('the next slice', async () => verdict.exec(await said(page))?.[1] !== time);
  });

  it('draws any two features of more', async () => {
    const live = await ready(models.table.file(), 'Paths');
    const { page } = live;
    await page.locator('.layer .pair').waitFor();
    await page.locator('.layer .pair vscode-dropdown').last().click();
    await page.getByRole('option', { name: 'mass' }).click();
    const { features } = await live.untilAsked('fieldPaths', (query) => query.features[1] === 3);
    assert.deepEqual(features, [0, 3]);
    await until('its name', async () =>
      /mass up$/.test((await page.locator('canvas[data-name=paths]').getAttribute('aria-label'))!),
    );
  });

  it('says how many steps of its solver are enough', async () => {
    const { page } = await ready(models.field.file(), 'Solver');
    await page.locator('.layer svg .ring').first().waitFor();
    const words = await said(page);
    const table = await copyNumbers(page.mainFrame(), '.layer');
    assert.deepEqual(table.column('at'), [10, 20, 40]);
    const [off, enough] = [table.column('mean'), table.column('mean').findIndex((error) => error <= 0.01)];
    assert.match(words, /20 steps: log p\(x\) is off by [\d.]+(·10⁻[⁰¹²³⁴⁵⁶⁷⁸⁹]+)? nats\./);
    near(value(words.split('off by')[1]!), off[1]!, off[1]! / 10, 'the error of its own steps');
    assert.ok(
      enough >= 0 && words.endsWith(`${table.column('at')[enough]} steps are enough for 0.01 nats.`),
      words,
    );
    assert.match(
      await page.locator('.layer .tick').last().innerText(),
      /against 80 steps.* mean of 64 examples/,
    );
    // A line, and a dot and a ring for each number of steps.
    assert.equal(await page.locator('.layer svg .dot').count(), 3);
    assert.deepEqual(await audit(page, { within: ['.layer'] }), []);
  });

  it('says where in time its training fails', async () => {
    const { page } = await ready(models.field.file(), 'Loss over t');
    await page.locator('.layer svg .dot').first().waitFor();
    const [, loss = '', crossing = '', off = ''] =
      /^✓?\s*Of the loss of ([\d.]+), ([\d.]+) is there .* is (\S+) off the best field, half of it from t = [\d.]+ to [\d.]+\.$/.exec(
        await said(page),
      )!;
    const { column } = await copyNumbers(page.mainFrame(), '.layer');
    const known = column('distance_from_best').flatMap((value, i) => (Number.isFinite(value) ? [i] : []));
    const over = (name: string) => mean(known.map((i) => column(name)[i]!));
    near(Number(loss), over('loss'), 0.006, 'the loss');
    near(value(off), over('distance_from_best'), over('distance_from_best') / 10, 'what is left of it');
    near(Number(crossing), over('loss') - over('distance_from_best'), 0.006, 'what is due to crossing lines');
    assert.equal(await page.locator('.layer svg .band').count(), 2);
    assert.match(await page.locator('.layer .tick').last().innerText(), /[\d,]+ training rows/);
    assert.deepEqual(await audit(page, { within: ['.layer'] }), []);
  });

  it('shows which slices of a recording err', async () => {
    const { page } = await ready(recording, 'Solver');
    assert.equal(await page.getByRole('tab', { name: 'Loss over t' }).count(), 0);
    assert.match(
      await said(page),
      /^!?\s*euler, 20 steps: log p\(x\) is off by 2\.7·10⁻² nats\. Up to 0\.01 is enough\.$/,
    );
    assert.equal(await page.locator('.layer .verdict-mark.notice').count(), 1);
    assert.equal(await page.locator('.layer svg .dot').count(), 10);
    const table = await copyNumbers(page.mainFrame(), '.layer');
    const shown = await page.locator('.flow [data-layer] .rt').allInnerTexts();
    table.column('mean').forEach((error, i) => near(value(shown[i]!), error, error / 10, `slice ${i + 1}`));
  });

  it('has no paths where the flow has layers', async () => {
    const plane = await tinyModel(editor.folder, 'plane');
    const { page } = await editor.openPage(plane.file(), { width: 1280, height: 900 });
    await page.locator('.flow[aria-busy=false]').waitFor();
    for (const name of ['Paths', 'Solver', 'Loss over t'])
      assert.equal(await page.getByRole('tab', { name }).count(), 0);
  });
});
