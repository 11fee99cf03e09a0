/** A conditional flow: what it is given is shown, can be chosen, and all views follow. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { until } from '../inspector/until';
import type { Model } from '../inspector/models';
import { audit } from './support/audit';
import type { EngineWindow } from './support/engine-window';
import { inWindow } from './support/in-window';
import { tinyModel } from './support/tiny-models';

describe('a flow that is given a context', () => {
  let editor: EngineWindow;
  let model: Model;
  inWindow(
    async (started) => {
      editor = started;
      model = await tinyModel(editor.folder, 'conditional');
    },
    { untrained: true },
  );
  const ready = async (): Promise<Page> => {
    const { page } = await editor.openPage(model.file(), { width: 1280, height: 900 });
    await page.locator('.flow[aria-busy=false]').waitFor();
    return page;
  };
  const values = (page: Page): Promise<string[]> =>
    page
      .locator('.context vscode-text-field')
      .evaluateAll((fields) => fields.map((field) => (field as unknown as { value: string }).value));
  const result = (page: Page): Promise<string> => page.locator('[data-result]').innerText();

  it('shows the example’s own, and follows one that is chosen and back', async () => {
    const page = await ready();
    // A point of the data is of one moon.
    const own = await until('the own context', async () => {
      const found = await values(page);
      return new Set(found.map(Number)).size === 2 && found;
    });
    assert.deepEqual(own.map(Number).toSorted(), [0, 1]);
    const before = await result(page);
    await page.locator('.context').getByRole('radio', { name: 'Mean' }).click();
    await until('the mean', async () => (await values(page)).every((value) => Number(value) === 0.5));
    await until('another cost', async () => (await result(page)) !== before);
    const slider = page.locator('[data-context="upper"] input[type=range]');
    await slider.focus();
    await slider.press('End');
    await until('a chosen number', async () => Number((await values(page))[0]) > 1);
    await page.locator('.context').getByRole('radio', { name: 'Chosen' }).waitFor();
    await page.locator('.context').getByRole('radio', { name: 'Example’s own' }).click();
    await until('the first cost', async () => (await result(page)) === before);
    assert.deepEqual(await values(page), own);
  });

  it('draws density and samples of what is given', async () => {
    const page = await ready();
    const picture = (): Promise<string> =>
      page
        .locator('.gallery canvas')
        .first()
        .evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
    const first = await until('a picture', async () => {
      const now = await picture();
      await new Promise((resolve) => setTimeout(resolve, 200));
      return now === (await picture()) && now;
    });
    const slider = page.locator('[data-context="lower"] input[type=range]');
    await slider.focus();
    await slider.press('Home');
    await until('another picture', async () => (await picture()) !== first);
  });

  it('says which layer listens to which condition', async () => {
    const page = await ready();
    await page.getByRole('tab', { name: 'Conditions' }).click();
    const rows = page.locator('.listens tbody tr');
    await rows.first().waitFor();
    assert.deepEqual(await rows.locator('th').allInnerTexts(), ['upper', 'lower']);
    // Standardization and mixing are hatched; two couplings and the whole flow have numbers.
    const cells = rows.first().locator('td');
    assert.deepEqual(await cells.evaluateAll((all) => all.map((cell) => cell.getAttribute('class') ?? '')), [
      'deaf',
      '',
      'deaf',
      '',
      'deaf',
      'whole',
    ]);
    const whole = await page
      .locator('.listens .whole')
      .evaluateAll((all) => all.map((cell) => Number(cell.getAttribute('data-value'))));
    assert.ok(whole.every((value) => value > 0));
    const loudest = whole[0]! > whole[1]! ? 'upper' : 'lower';
    const verdict = await page.locator('.listens .view-verdict').innerText();
    assert.ok(
      verdict.includes(`${loudest} moves z most: ${Math.max(...whole).toFixed(2)} `) &&
        verdict.includes('2 of 5 layers read the conditions'),
      verdict,
    );
    await page.locator('.listens').getByRole('button', { name: 'coupling 2' }).click();
    await page.locator('.flow [data-layer="3"][aria-selected=true]').waitFor();
  });

  it('draws the density where one condition varies and the other stays', async () => {
    const page = await ready();
    await page.getByRole('tab', { name: 'Conditions' }).click();
    const figures = page.locator('.multiples figure');
    await figures.first().waitFor();
    const at = (): Promise<number[]> =>
      figures.evaluateAll((all) => all.map((one) => Number(one.getAttribute('data-value'))));
    // Mean and deviation are one half each.
    for (const [i, value] of (await at()).entries())
      assert.ok(Math.abs(value - (0.5 + (i - 1) * 0.6408)) < 1e-6, `${value}`);
    const note = (): Promise<string> => page.locator('.at-conditions .under').innerText();
    const own = Number((await values(page))[1]);
    assert.ok((await note()).includes(`The others stay: lower ${own.toFixed(2)}.`), await note());
    const pictures = (): Promise<string[]> =>
      figures
        .locator('canvas[data-name^=density]')
        .evaluateAll((all) => all.map((canvas) => (canvas as HTMLCanvasElement).toDataURL()));
    const first = await pictures();
    assert.equal(new Set(first).size, 3);
    await page.getByRole('radio', { name: 'log p' }).click();
    await until('other colors', async () => (await pictures()).every((now, i) => now !== first[i]));
    await page.getByRole('radio', { name: 'p', exact: true }).click();
    // The other condition moves the mean: all three are drawn anew.
    await page.locator('.context').getByRole('radio', { name: 'Mean' }).click();
    await until('the mean of the other', async () => (await note()).includes('lower 0.50'));
    await until('other densities', async () => (await pictures()).every((now, i) => now !== first[i]));
    await page.locator('.at-conditions').getByRole('radio', { name: 'lower' }).click();
    await until('the other that stays', async () => (await note()).includes('upper 0.50'));
    await page.getByRole('radio', { name: 'Samples' }).click();
    await until('no density', async () => (await pictures()).length === 0);
  });

  it('offers classes by their names, and goes back to the example’s own', async () => {
    const { page } = await editor.openPage((await tinyModel(editor.folder, 'classes')).file());
    await page.locator('.flow[aria-busy=false]').waitFor();
    const chosen = page.locator('[data-context-class]');
    const now = (): Promise<string | null> => chosen.getAttribute('data-context-class');
    assert.equal(await page.locator('.context input[type=range]').count(), 0);
    const own = await until('the own class', async () => (await now()) || false);
    const before = await result(page);
    await page.locator('.context').getByRole('radio', { name: 'Mean' }).click();
    await until('no class', async () => (await now()) === '');
    const list = page.locator('.context vscode-dropdown');
    assert.equal(await list.getAttribute('aria-label'), 'Condition Class');
    const shown = (): Promise<string[]> => list.locator('vscode-option').allInnerTexts();
    assert.deepEqual(
      (await shown()).map((option) => option.trim()),
      ['none', 'upper', 'lower'],
    );
    // By the keyboard: both classes stand behind what is none of them.
    await list.focus();
    await list.press('ArrowDown');
    await until('a class', async () => (await now()) === '0');
    await page.locator('.context').getByRole('radio', { name: 'Chosen' }).waitFor();
    await list.press('ArrowDown');
    await until('the other class', async () => (await now()) === '1');
    const other = await until('a cost', () => result(page));
    assert.equal(other === before, own === '1');
    await page.locator('.context').getByRole('radio', { name: 'Example’s own' }).click();
    await until('the first cost', async () => (await now()) === own && (await result(page)) === before);
  });

  it('shows the classes side by side, and as which the example is most likely', async () => {
    const { page } = await editor.openPage((await tinyModel(editor.folder, 'classes')).file());
    await page.getByRole('tab', { name: 'Conditions' }).click();
    const figures = page.locator('.multiples figure');
    await figures.first().waitFor();
    assert.deepEqual(await figures.locator('h3 b').allInnerTexts(), ['upper', 'lower']);
    const pictures = await figures
      .locator('canvas')
      .evaluateAll((all) => all.map((canvas) => (canvas as HTMLCanvasElement).toDataURL()));
    assert.equal(new Set(pictures).size, 4);
    const logProbs = (await figures.locator('figcaption').allInnerTexts()).map((caption) =>
      Number(/log p ([+−][\d.]+)/.exec(caption)![1]!.replace('−', '-')),
    );
    const likely = logProbs[0]! > logProbs[1]! ? 'upper' : 'lower';
    const verdict = page.locator('.at-conditions .view-verdict');
    assert.match(await verdict.innerText(), new RegExp(`most likely as ${likely}, log p`));
    // What the strip says of the example's own class.
    const own = await page.locator('[data-context-class]').getAttribute('data-context-class');
    const cost = Number((await result(page)).split(/\s/)[0]!.replace('−', '-'));
    assert.ok(Math.abs(cost + logProbs[Number(own)]!) < 0.011, `${cost} ${logProbs.join()}`);
    // Each feature has a curve of each class.
    assert.deepEqual(
      await page
        .locator('.ridges figure')
        .evaluateAll((all) => all.map((one) => one.querySelectorAll('path').length)),
      [2, 2],
    );
  });

  it('keeps the names of the data at layers after a mixing', async () => {
    const { page } = await editor.openPage(model.file(), {
      edits: { summary: (found) => ({ ...found, featureNames: ['height', 'girth'] }) },
    });
    await page.locator('.flow[aria-busy=false]').waitFor();
    await page.locator('.flow [data-layer]').last().click();
    await page.getByRole('tab', { name: 'Conditions' }).click();
    const names = page.locator('.ridges h3 b');
    await names.first().waitFor();
    assert.deepEqual(await names.allInnerTexts(), ['height', 'girth']);
  });

  it('shows a row of pictures for each class of an image flow', async () => {
    const { page } = await editor.openPage((await tinyModel(editor.folder, 'classImages')).file());
    await page.locator('.flow[aria-busy=false]').waitFor();
    await page.getByRole('tab', { name: 'Conditions' }).click();
    const rows = page.locator('.picture-rows figure');
    await rows.first().waitFor();
    assert.equal(await rows.count(), 10);
    const pictures = rows.first().locator('canvas');
    assert.equal(await pictures.count(), 8);
    const drawn = await rows.evaluateAll((all) => all.map((row) => row.querySelector('canvas')!.toDataURL()));
    assert.ok(new Set(drawn).size > 5, 'pictures of the same latents differ by class');
    assert.match(await rows.first().innerText(), /example: log p [+−]\d/);
    await page
      .locator('.at-conditions')
      .getByText(/most likely as/)
      .waitFor();
  });

  it('draws pairs of features of a table', async () => {
    const { page } = await editor.openPage((await tinyModel(editor.folder, 'given')).file());
    await page.getByRole('tab', { name: 'Conditions' }).click();
    const figures = page.locator('.multiples figure');
    await figures.first().waitFor();
    assert.equal(await figures.count(), 3);
    const names = (): Promise<string[]> => page.locator('.ridges figure h3 b').allInnerTexts();
    assert.deepEqual(await names(), ['speed', 'height']);
    const picture = (): Promise<string> =>
      figures
        .first()
        .locator('canvas')
        .evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
    const first = await picture();
    const up = page.locator('vscode-dropdown[aria-label="Feature up"]');
    await up.focus();
    await up.press('End');
    await until('the last feature', async () => (await names())[1] === 'age');
    await until('another picture', async () => (await picture()) !== first);
    assert.match(await figures.first().locator('figcaption').innerText(), /sd speed [\d.]+, age [\d.]+/);
  });

  it('has no such tab for a flow that takes no conditions', async () => {
    const { page } = await editor.openPage((await tinyModel(editor.folder, 'splines')).file());
    await page.getByRole('tab', { name: 'Activations' }).waitFor();
    assert.equal(await page.getByRole('tab', { name: 'Conditions' }).count(), 0);
  });

  it('keeps contrast and names in dark, light and high contrast', async () => {
    await looksRight(await ready());
    const classes = (await tinyModel(editor.folder, 'classes')).file();
    const { page } = await editor.openPage(classes, { width: 1280, height: 900 });
    await looksRight(page);
  });

  async function looksRight(page: Page): Promise<void> {
    await page.getByRole('tab', { name: 'Conditions' }).click();
    await page.locator('.listens tbody tr').first().waitFor();
    await page.locator('.multiples figure').first().waitFor();
    for (const theme of ['dark', 'light', 'high-contrast'] as const) {
      await editor.setTheme(`vscode-${theme}`);
      const found = await audit(page, { within: ['.bar', '.layer'], contrastAlone: theme !== 'dark' });
      assert.deepEqual(
        found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join()}`),
        [],
        theme,
      );
    }
  }
});
