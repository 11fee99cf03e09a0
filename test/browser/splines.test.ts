/** Flows of splines and of autoregressive layers: the curves, and every other view of such layers. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { parseNumber } from '../inspector/frame';
import { until } from '../inspector/until';
import type { Model } from '../inspector/models';
import { audit } from './support/audit';
import type { EngineWindow } from './support/engine-window';
import { inWindow } from './support/in-window';
import { tinyModel } from './support/tiny-models';

describe('flows of today', () => {
  let editor: EngineWindow;
  let models: { splines: Model; autoregressive: Model; single: Model };
  inWindow(
    async (started) => {
      editor = started;
      models = {
        splines: await tinyModel(editor.folder, 'splines'),
        autoregressive: await tinyModel(editor.folder, 'autoregressive'),
        single: await tinyModel(editor.folder, 'single'),
      };
    },
    { untrained: true },
  );
  const ready = async (model: Model, options: { language?: string } = {}): Promise<Page> => {
    const { page } = await editor.openPage(model.file(), { width: 1280, height: 900, ...options });
    await page.locator('.flow[aria-busy=false]').waitFor();
    await page.locator('.flow [data-layer="1"]').first().click();
    return page;
  };

  it('draw the spline of a feature, and where the example goes', async () => {
    const page = await ready(models.splines);
    await page.getByRole('tab', { name: 'Curve' }).click();
    const chart = page.locator('.curves svg').first();
    await chart.waitFor();
    // Five bins have six knots; two tails; the example's place.
    assert.equal(await chart.locator('.knot').count(), 6);
    assert.equal(await chart.locator('.tail').count(), 2);
    const cells = await page.locator('.curves tbody tr').first().locator('td').allInnerTexts();
    // What the batch does: no value leaves the interval, and every bin that holds none is hatched and counted.
    const outside = await page.locator('.curves [data-outside]').first().getAttribute('data-outside');
    assert.equal(outside, '0');
    const empty = await page.locator('.curves [data-empty]').count();
    assert.equal(cells[7], `${empty}/5`);
    assert.ok(empty > 0 && empty < 5);
    assert.match(
      await page.locator('.view-verdict').innerText(),
      /^.?\s*None of 64 values is outside of \[−5, 5\]/,
    );
    assert.equal(await page.locator('.bin-maps canvas[data-name]').count(), 3);
    const [x, y, slope, adds] = [cells[1]!, cells[3]!, cells[4]!, cells[5]!].map(parseNumber);
    assert.ok(Math.abs(Math.log(slope!) - adds!) < 0.02, `ln ${slope} is not ${adds}`);
    // The circle stands where the numbers say: the axes go a little beyond ±5.
    const place = async (name: string): Promise<number> =>
      Number(await chart.locator('.here').getAttribute(name));
    const { width, height } = (await chart.boundingBox())!;
    const [left, right, top, foot] = [40, width - 8, 6, height - 20];
    const across = (x! + 5.75) / 11.5;
    const up = (y! + 5.75) / 11.5;
    assert.ok(Math.abs((await place('cx')) - (left + across * (right - left))) < 1);
    assert.ok(Math.abs((await place('cy')) - (foot - up * (foot - top))) < 1);
    // What one feature adds is all that this coupling adds.
    const total = parseNumber(await page.locator('.curves tbody tr').last().locator('td').last().innerText());
    assert.equal(total, adds);
    await page.getByRole('tab', { name: 'Activations' }).click();
    await page.locator('.facts').getByText('coupling', { exact: true }).waitFor();
    const facts = await page.locator('.facts').innerText();
    assert.ok(facts.includes(`${adds! < 0 ? '−' : '+'}${Math.abs(adds!).toFixed(2)} nats`), facts);
  });

  it('draw the line of an affine layer, say of other layers that they have no curve, and name no bins', async () => {
    const page = await ready(models.splines);
    await page.locator('.flow [data-layer="2"]').first().click();
    await page.getByRole('tab', { name: 'Curve' }).click();
    await page.getByText('This layer has no curves').waitFor();
    const other = await ready(models.autoregressive);
    await other.getByRole('tab', { name: 'Curve' }).click();
    const chart = other.locator('.curves svg').first();
    await chart.waitFor();
    assert.equal(await chart.locator('.knot, .tail').count(), 0);
    assert.equal(await other.locator('.bin-maps').count(), 0);
    await other.getByText('y = x · exp( s ) + t').waitFor();
    // The row of a feature says of its line: y − x · slope is the same all along, and the circle lies on it.
    const points = (await chart.locator('.curve').getAttribute('d'))!
      .slice(1)
      .split('L')
      .map((point) => point.split(' ').map(Number) as [number, number]);
    assert.ok(points.length > 50);
    const [[x0, y0], [x1, y1]] = [points[0]!, points.at(-1)!];
    const on = (x: number): number => y0 + ((x - x0) / (x1 - x0)) * (y1 - y0);
    for (const [x, y] of points) assert.ok(Math.abs(on(x) - y) < 0.2);
    const here = async (name: string): Promise<number> =>
      Number(await chart.locator('.here').getAttribute(name));
    assert.ok(Math.abs(on(await here('cx')) - (await here('cy'))) < 0.2);
    const rows = other.locator('.curves tbody tr');
    const cells = await rows.first().locator('td').allInnerTexts();
    assert.ok(Math.abs(Math.log(parseNumber(cells[3]!)) - parseNumber(cells[4]!)) < 0.02, cells.join(' '));
    // Another feature has another line.
    await rows.nth(1).click();
    await until('the other line', async () => (await chart.getAttribute('aria-label'))?.includes('x₂'));
  });

  it('show the order of a layer, what depends on what, and what each direction costs', async () => {
    const page = await ready(models.autoregressive);
    // Strip and charts number the layers alike.
    const wanted = ['1', '2', '3'];
    const numbers = page.locator('.flow [data-layer] .idx:not(:empty)');
    assert.deepEqual(await numbers.evaluateAll((all) => all.map((each) => each.textContent)), wanted);
    const axis = page.locator('.diag .chart svg text[text-anchor=middle]');
    await axis.first().waitFor();
    const names = await axis.evaluateAll((all) => all.map((each) => each.textContent));
    for (const name of [...wanted, 'layer']) assert.ok(names.includes(name), names.join(' '));
    // The second of three layers takes the features from the last to the first.
    await page.locator('.flow [data-layer="2"]').first().click();
    await page.getByRole('tab', { name: 'Order' }).click();
    const rows = page.locator('.order-maps tbody tr');
    await rows.first().waitFor();
    assert.deepEqual(await rows.evaluateAll((all) => all.map((row) => row.getAttribute('data-feature'))), [
      '1',
      '0',
    ]);
    const [first, second] = await rows.allInnerTexts();
    assert.match(first!, /x₂\s+nothing/);
    assert.match(second!, /x₁\s+x₂/);
    assert.match(await page.locator('.view-verdict').innerText(), /one link that the order allows is used/);
    const cost = await page.locator('.cost').innerText();
    assert.match(cost, /x → z\)\s+one pass/);
    assert.match(cost, /z → x\)\s+2 passes/);
    // The cells are read out, here by keys: the upper right one may hold nothing.
    const map = page.locator('.order-maps .map').first().getByRole('group');
    await map.focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.getByText('x₂ ← x₁: may not depend on it').waitFor();
    await page.getByRole('radio', { name: 'features', exact: true }).click();
    await map.focus();
    await page.getByText('x₁ ← x₂: may depend on it').waitFor();
  });

  it('show the matrix of a mixing layer, how it stretches, and where features go', async () => {
    const page = await ready(models.splines);
    await page.getByRole('tab', { name: 'Matrix' }).click();
    // A coupling is selected, which is no matrix; the mixing layers follow the couplings.
    await page.getByText('This layer is not one matrix').waitFor();
    await page.locator('.flow [data-layer="2"]').first().click();
    const dots = page.locator('.matrix-view [data-singular]');
    await dots.first().waitFor();
    const values = await dots.evaluateAll((all) =>
      all.map((dot) => Number(dot.getAttribute('data-singular'))),
    );
    assert.equal(values.length, 2);
    assert.ok(values[0]! >= values[1]! && values[1]! > 0);
    // Σ ln σ is the log-det that the numbers, the table and the strip say.
    const logDet = values.reduce((sum, value) => sum + Math.log(value), 0);
    const numbers = await page.locator('.matrix-numbers dd').allInnerTexts();
    assert.ok(
      Math.abs(parseNumber(numbers[0]!.replace(' nats', '')) - logDet) < 6e-4,
      `${numbers[0]} is not ${logDet}`,
    );
    assert.ok(Math.abs(parseNumber(numbers[1]!) - values[0]! / values[1]!) < 6e-3);
    const rows = page.locator('.mixing-layers tbody tr');
    assert.deepEqual(await rows.evaluateAll((all) => all.map((row) => row.getAttribute('aria-selected'))), [
      'true',
      'false',
    ]);
    const inStrip = await page.locator('.flow [data-layer="2"] .num').allInnerTexts();
    assert.ok(
      inStrip.some((said) => Math.abs(parseNumber(said) - logDet) < 6e-3),
      `${inStrip.join(' ')} without ${logDet}`,
    );
    assert.equal(await page.locator('.travel .row-map').count(), 2);
    // The other one of the table is shown by a click.
    await rows.nth(1).getByRole('button').click();
    await page.locator('.flow [data-layer="4"][aria-selected=true]').waitFor();
    await until('the other matrix', async () => {
      const [first] = await page.locator('.matrix-numbers dd').allInnerTexts();
      return first !== numbers[0];
    });
  });

  it('keep contrast and names in every theme', async () => {
    const views = [
      [models.splines, 1, 'Curve', '.curves svg'],
      [models.autoregressive, 1, 'Curve', '.curves svg'],
      [models.autoregressive, 1, 'Order', '.order-maps tbody'],
      [models.splines, 2, 'Matrix', '.travel .row-map'],
    ] as const;
    for (const [model, layer, tab, content] of views) {
      const page = await ready(model);
      await page.locator(`.flow [data-layer="${layer}"]`).first().click();
      await page.getByRole('tab', { name: tab }).click();
      await page.locator(content).first().waitFor();
      for (const theme of ['dark', 'light', 'high-contrast'] as const) {
        await editor.setTheme(`vscode-${theme}`);
        const found = await audit(page, { within: ['.layer'], contrastAlone: theme !== 'dark' });
        assert.deepEqual(
          found
            .filter(({ impact }) => impact === 'serious' || impact === 'critical')
            .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join('; ')}`),
          [],
          `${tab}, ${theme}`,
        );
      }
    }
  });

  for (const kind of ['splines', 'autoregressive', 'single'] as const)
    for (const language of ['en', 'de'])
      it(`never say NaN, whatever is looked at (${kind}, ${language})`, async () => {
        const page = await ready(models[kind], { language });
        for (const tablist of await page.getByRole('tablist').all()) {
          for (const tab of await tablist.getByRole('tab').all()) {
            await tab.click();
            await page.locator('.pulse').first().waitFor({ state: 'detached' });
            const said = await until('words', () => page.locator('body').innerText());
            // What findings check for is no number.
            const wrong = /.*(\bNaN\b(?!,? (or|oder|Inf)\b)|\bundefined\b).*/.exec(said);
            assert.equal(wrong, null, `${await tab.innerText()}: ${wrong?.[0]}`);
          }
        }
      });
});
