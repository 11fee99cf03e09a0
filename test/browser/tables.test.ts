/** Flows of tables: many columns in lists of rows, and numbers that fit a narrow pane. */
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Findings } from '../../src/protocol/findings';
import type { Diagnostics } from '../../src/protocol/inspect';
import { estimateOf } from '../../src/protocol/paired-scores';
import { defaultSelection } from '../../src/protocol/questions';
import { fixture, showTab, type Model } from '../inspector/models';
import { until } from '../inspector/until';
import { audit } from './support/audit';
import type { EngineWindow } from './support/engine-window';
import { inWindow } from './support/in-window';
import { tinyModel } from './support/tiny-models';

describe('a flow of a table', () => {
  let editor: EngineWindow;
  let broad: Model;
  let given: Model;
  let vector: Model;
  inWindow(
    async (started) => {
      editor = started;
      broad = await tinyModel(editor.folder, 'broad');
      vector = await tinyModel(editor.folder, 'vector');
      given = await tinyModel(editor.folder, 'given', {
        // Log scales whose range takes many letters to say.
        change: (_, values) => values.forEach((value, i) => (values[i] = value * 0.25)),
      });
    },
    { untrained: true },
  );

  /** What the engine says of a flow, without the page. */
  async function diagnosed(file: string): Promise<Findings & Diagnostics> {
    const { api } = editor.engine;
    const summary = await api.open(file);
    const selection = defaultSelection(summary);
    const found = await api.ask(summary.id, 'findings', selection, 'findings');
    const scored = await api.ask(summary.id, 'diagnostics', selection, 'diagnostics');
    await api.close(summary.id);
    return { ...found, ...scored };
  }

  it('lists samples with all features, in pages, and the number of the row in sight', async () => {
    const { page } = await editor.openPage(broad.file(), { width: 1280, height: 800 });
    await showTab(page, '.gallery', 'Samples');
    const gallery = page.locator('.gallery');
    const head = gallery.locator('.rows-table th');
    await gallery.getByText('features 1–64 of 70').waitFor();
    assert.equal(await head.last().innerText(), 'sensor_63');
    const places = await gallery.locator('.scroll-x').evaluate((scroller) => {
      scroller.scrollLeft = 800;
      const left = (element: Element | null) =>
        element!.getBoundingClientRect().left - scroller.getBoundingClientRect().left;
      return [scroller.scrollLeft, left(scroller.querySelector('th')), left(scroller.querySelector('td'))];
    });
    assert.deepEqual(places.map(Math.round), [800, 0, 0]);
    await gallery.getByRole('button', { name: 'Next page' }).click();
    await gallery.getByText('features 65–70 of 70').waitFor();
    assert.equal(await head.last().innerText(), 'sensor_69');
  });

  it('shows samples over the data first: a sentence, a sign for each feature, and pairs', async () => {
    const { page } = await editor.openPage(vector.file(), { width: 1280, height: 900 });
    const gallery = page.locator('.gallery');
    assert.equal(await gallery.getByRole('tab').first().innerText(), 'Data and samples');
    const figures = gallery.locator('.marginals figure');
    await figures.first().waitFor();
    const seen = await figures.evaluateAll((all) =>
      all.map((one) => ({
        name: one.getAttribute('data-feature'),
        sign: one.getAttribute('data-sign'),
        numbers: one.querySelector('.tick')!.textContent,
        drawn: [one.querySelectorAll('svg .fill').length > 3, one.querySelectorAll('svg path.line').length],
      })),
    );
    assert.equal(seen.length, 6);
    for (const { numbers, drawn, sign } of seen) {
      const [, distance, allowed] = /^(0\.\d\d), allowed (0\.\d\d)$/.exec(numbers)!;
      if (Number(distance) > Number(allowed)) assert.notEqual(sign, 'ok');
      assert.deepEqual(drawn, [true, 1]);
    }
    // Parameters that were moved at random do not give the data.
    const verdict = await gallery.locator('.view-verdict').innerText();
    const worst = seen.find(({ sign, name }) => sign === 'error' && verdict.includes(`${name}: `));
    assert.ok(worst, verdict);
    assert.equal(await gallery.locator('.corner canvas').count(), 15);
    assert.deepEqual(await audit(page, { within: ['.gallery'] }), []);
    const finding = page.locator('.findings [data-check=samples]');
    await finding.waitFor({ state: 'attached' });
    assert.equal(await finding.getAttribute('data-severity'), 'error');
  });

  it('is judged over all views, in a line whose signs lead to what they say', async () => {
    const { page } = await editor.openPage(vector.file(), { width: 1280, height: 900 });
    await page.locator('.findings [data-check]').first().waitFor({ state: 'attached' });
    const headline = page.getByRole('region', { name: 'Verdict' });
    const { findings, validation } = await diagnosed(vector.file());
    const signs = await headline
      .locator('.sign')
      .evaluateAll((all) =>
        all.map((sign) => [sign.getAttribute('data-question'), sign.getAttribute('data-mark')]),
      );
    const marks = { ok: 'ok', skipped: 'unknown', notice: 'notice', warning: 'notice', error: 'error' };
    assert.deepEqual(
      signs.slice(0, 4),
      ['samples', 'overfitting', 'latents', 'inverse'].map((name) => [
        name,
        marks[findings.find(({ check }) => check === name)!.severity],
      ]),
    );
    assert.match(await headline.locator('[data-question=samples]').innerText(), /^✕\s*samples: \w+ off$/);
    assert.ok(await headline.locator('[data-question=calibration]').isDisabled());
    const { mean, error } = estimateOf(validation!);
    assert.match(
      (await headline.innerText()).replace(/\s+/g, ' '),
      new RegExp(`^validation −log p ${mean.toFixed(2)} ± ${error.toFixed(2)} nats`),
    );
    assert.match((await headline.getByRole('status').textContent())!, /^samples: \w+ off: fault/);
    // From other tabs.
    await showTab(page, '.gallery', 'Samples');
    await showTab(page, '.diag', 'Run');
    await headline.locator('[data-question=samples]').click();
    await page.locator('.gallery').getByRole('tab', { name: 'Data and samples', selected: true }).waitFor();
    await headline.locator('[data-question=inverse]').press('Enter');
    await page
      .locator('.findings details[open] [data-check=inverse], .finding[open][data-check=inverse]')
      .waitFor();
    await page.locator('.findings summary:focus').waitFor();
    // One stop of the Tab key, and arrows within.
    await headline.locator('[data-question=inverse]').focus();
    assert.equal(await headline.locator('.sign[tabindex="0"]').count(), 1);
    for (const [key, name] of Object.entries({
      ArrowLeft: 'latents',
      Home: 'samples',
      ArrowRight: 'overfitting',
    })) {
      await page.keyboard.press(key);
      await page.locator(`[data-question=${name}]:focus`).waitFor();
    }
    assert.deepEqual(await audit(page, { within: ['.headline'] }), []);
  });

  it('of another library passes nothing without data, and asks for these and for what was guessed', async () => {
    const open = (...names: string[]) => {
      const file = path.join(editor.folder, names.join('-'));
      copyFileSync(fixture(...names), file);
      return editor.openPage(file, { width: 1280, height: 800 });
    };
    const vectors = await open('peers', 'nflows-2d', 'state_dict.pt');
    const headline = vectors.page.getByRole('region', { name: 'Verdict' });
    await headline.getByText('Checked on its own samples, which says nothing about your data').waitFor();
    assert.equal(await headline.getByText('✓').count(), 0);
    await headline.getByRole('button', { name: 'Add data…' }).click();
    await until('the dialog', () => Promise.resolve(vectors.said('addData').length > 0));
    assert.deepEqual(vectors.said('addData'), [['file']]);
    const images = await open('wild', 'rosinality-glow-8', 'model.pt');
    const note = images.page.locator('.origin.guessed');
    assert.match(
      await note.getByRole('alert').innerText(),
      /^Guessed: Height of the images: 64, Width of the images: 64\. The file does not say it/,
    );
    await note.getByRole('button', { name: 'Confirm or change…' }).click();
    await until('the command', () => Promise.resolve(images.said('command').length > 0));
    assert.equal(images.said('command').at(-1)![0], 'changeImport');
  });

  it('shows all numbers of a layer beside the gallery and in a narrow pane', async () => {
    for (const [width, height] of [
      [1280, 800],
      [1100, 800],
      [400, 800],
    ] as const) {
      const { page } = await editor.openPage(given.file(), { width, height });
      await page.locator('.activations .rows-table').waitFor();
      const table = page.locator('.activations .scroll-x');
      const [all, seen] = await table.evaluate((box) => [box.scrollWidth, box.clientWidth]);
      assert.ok(all <= seen, `${width}: the table is ${all} wide in ${seen}`);
      const ends = await page.locator('.activations .legend .tick').evaluateAll((legends) =>
        legends.flatMap((legend) => {
          const boxes = [...legend.children].map((end) => end.getBoundingClientRect());
          const box = legend.getBoundingClientRect();
          return [
            ...boxes.slice(1).map((end, i) => end.left - boxes[i]!.right),
            ...boxes.map((end) => box.right + 4 - end.right),
          ];
        }),
      );
      assert.ok(Math.min(...ends) >= 3, `${width}: numbers of the scales are ${Math.min(...ends)} apart`);
      await editor.closePages();
    }
  });
});
