/** The plane of a two-dimensional flow against the flow's numbers: playing, the path of a point, density at every stage. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { PlaneView } from '../../src/protocol/inspect';
import type { PlaneDensity, PlanePath } from '../../src/protocol/plane';
import { stageBounds } from '../../src/protocol/plane';
import { planeQuery, recordPlan } from '../../src/protocol/questions';
import { magnitudeScale } from '../../webview/base/canvas/colour-maps';
import { between, boundsAt, eased } from '../../webview/features/plane/between';
import { momentAfter } from '../../webview/features/plane/player';
import { cellColour, InspectorBrowser, parseNumber, type Inspector } from './support/inspector-page';
import { recordedOf } from './support/recorded';
import { ToyFlow } from './support/toy-flow';

const flow = new ToyFlow({ kind: 'plane' });
const last = flow.layers.length;
const batch = { split: 'validation', count: 64 } as const;
const view = flow.answer('plane', planeQuery(batch, { seed: 7, temperature: 1 })) as PlaneView;

describe('the plane', () => {
  let browser: InspectorBrowser;
  before(async () => void (browser = await InspectorBrowser.start()));
  after(() => browser.stop());

  const opened = async (options: { reducedMotion?: boolean; width?: number } = {}): Promise<Inspector> => {
    const live = await browser.openLive({ kind: 'plane' }, options);
    await live.page.locator('.path-table').waitFor();
    return live;
  };
  const asked = (page: Inspector['page'], method: string) =>
    page.evaluate(
      (name) => window.toyHost.calls.filter((call) => call.startsWith(`ask ["${name}"`)).at(-1),
      method,
    );
  const rows = async (page: Inspector['page']): Promise<number[][]> =>
    (await page.locator('.path-table tbody tr').allInnerTexts()).map((row) =>
      row.split('\t').slice(1).map(parseNumber),
    );
  const agrees = (found: number[][], path: PlanePath): void => {
    assert.equal(found.length, last + 1);
    let sum = 0;
    found.forEach((row, k) => {
      assert.ok(Math.abs(row[0]! - path.points.data[2 * k]!) <= 0.0051, `h₁ after ${k}: ${row[0]}`);
      assert.ok(Math.abs(row[1]! - path.points.data[2 * k + 1]!) <= 0.0051, `h₂ after ${k}: ${row[1]}`);
      if (k === 0) return;
      sum += path.logDets[k - 1]!;
      assert.ok(Math.abs(row[2]! - path.logDets[k - 1]!) <= 0.0051, `log-det ${k}: ${row[2]}`);
      assert.ok(Math.abs(row[3]! - sum) <= 0.0051, `sum ${k}: ${row[3]}`);
    });
  };

  it('lists the path of the selected example, then of a point that was clicked, moved and typed', async () => {
    const { page, close } = await opened();
    const example = { kind: 'data', split: 'validation', index: 0 } as const;
    agrees(await rows(page), flow.answer('planePath', { start: { kind: 'example', example } }) as PlanePath);

    const board = page.locator('.plane-board');
    const stage = Number(await board.getAttribute('data-stage'));
    const box = (await board.boundingBox())!;
    const bounds = stageBounds(view.points[stage]!, stage, last);
    await board.click({ position: { x: box.width * 0.75, y: box.height * 0.125 }, modifiers: ['Shift'] });
    await page.locator('[data-probe=point]').waitFor();
    const call = JSON.parse((await asked(page, 'planePath'))!.slice(4)) as [
      string,
      { start: { stage: number; point: [number, number] } },
    ];
    const { start } = call[1];
    const size = bounds.x[1] - bounds.x[0];
    assert.equal(start.stage, stage);
    assert.ok(Math.abs(start.point[0] - (bounds.x[0] + 0.75 * size)) < 0.005 * size);
    assert.ok(Math.abs(start.point[1] - (bounds.y[1] - 0.125 * size)) < 0.005 * size);
    agrees(await rows(page), flow.answer('planePath', call[1]) as PlanePath);
    const total = parseNumber(await page.locator('[data-value=logDensity]').innerText());
    assert.ok(Math.abs(total - (flow.answer('planePath', call[1]) as PlanePath).logDensity) <= 0.0051);

    // An arrow key moves it by a hundredth of the frame.
    await page.keyboard.press('ArrowRight');
    await page.waitForTimeout(100);
    const moved = (await rows(page))[stage]![0]!;
    assert.ok(Math.abs(moved - start.point[0] - 0.01 * size) < 0.011, `${moved}`);

    // Typed, as x.
    await page.keyboard.press('PageUp');
    await page.keyboard.press('PageUp');
    await page.locator('.plane-board[data-stage="0"]').waitFor();
    const field = page.locator('.plane-probe vscode-text-field').first();
    await field.locator('input').fill('0.25');
    await page.keyboard.press('Enter');
    await page.waitForTimeout(100);
    const typed = await rows(page);
    assert.equal(typed[0]![0], 0.25);

    // It becomes the example that the rest of the page is about.
    await page.getByText('Use as example').first().click();
    await page.locator('[data-probe=selected]').waitFor();
    const result = parseNumber(await page.locator('[data-result]').innerText());
    const own = flow.nll(
      Float64Array.of(0.25, (flow.answer('planePath', call[1]) as PlanePath).points.data[1]!),
    );
    assert.ok(Number.isFinite(own.nats) && Number.isFinite(result));
    await close();
  });

  it('takes the point of the data that is clicked', async () => {
    const { page, close } = await opened();
    const board = page.locator('.plane-board');
    const stage = Number(await board.getAttribute('data-stage'));
    const box = (await board.boundingBox())!;
    const bounds = stageBounds(view.points[stage]!, stage, last);
    const place = (k: number): [number, number] => [
      ((view.points[stage]!.data[2 * k]! - bounds.x[0]) / (bounds.x[1] - bounds.x[0])) * box.width,
      ((bounds.y[1] - view.points[stage]!.data[2 * k + 1]!) / (bounds.y[1] - bounds.y[0])) * box.height,
    ];
    // One that no other is near to.
    const alone = Array.from({ length: 120 }, (_, k) => k).find((k) =>
      Array.from({ length: 120 }, (_, j) => j).every(
        (j) => j === k || Math.hypot(place(j)[0] - place(k)[0], place(j)[1] - place(k)[1]) > 14,
      ),
    )!;
    const [x, y] = place(alone);
    await board.click({ position: { x, y } });
    await page.locator('[data-probe=example]').waitFor();
    assert.match((await asked(page, 'planePath'))!, new RegExp(`"split":"validation","index":${alone}`));
    await close();
  });

  it('shows the density of any stage in the colours of its values', async () => {
    const { page, close } = await opened();
    await page.getByRole('radio', { name: 'Density' }).click();
    for (const stage of [2, last]) {
      await page.locator(`[data-path-row="${stage}"] button`).click();
      await page.locator(`.plane-board[data-stage="${stage}"]`).waitFor();
      await page.waitForTimeout(400);
      const call = JSON.parse((await asked(page, 'planeDensity'))!.slice(4)) as [string, { pixels: number }];
      const found = flow.answer('planeDensity', call[1]) as PlaneDensity;
      const { pixels } = call[1];
      const scale = magnitudeScale(Math.max(...found.density.data));
      let agreed = 0;
      for (const [row, column] of [
        [20, 90],
        [100, 30],
        [110, 100],
        [64, 110],
        [15, 20],
      ] as const) {
        const place = { row, column, rows: pixels, columns: pixels };
        const colour = await cellColour(page, '[data-name=plane]', place);
        const expected = scale.at(found.density.data[row * pixels + column]!);
        if (colour.every((value, k) => Math.abs(value - expected[k]!) <= 3)) agreed++;
      }
      // A point or a line may lie on one of them.
      assert.ok(agreed >= 3, `${agreed} of 5 at stage ${stage}`);
    }
    await close();
  });

  it('plays to z, moving between the stages', async () => {
    const { page, close } = await opened();
    await page.evaluate(() => {
      const seen = ((window as unknown as { seen: string[] }).seen = []) as string[];
      const board = document.querySelector('.plane-board')!;
      new MutationObserver(() =>
        seen.push(`${board.getAttribute('data-stage')} ${board.getAttribute('data-moving')}`),
      ).observe(board, { attributes: true });
    });
    await page.locator('.plane-board').focus();
    await page.keyboard.press('End');
    await page.locator(`.plane-board[data-stage="${last}"]`).waitFor();
    // From the end it starts anew; a key of the board plays as the button does.
    await page.keyboard.press('Space');
    await page.locator('.plane-board[data-stage="2"]').waitFor({ timeout: 15_000 });
    const seen = await page.evaluate(() => (window as unknown as { seen: string[] }).seen);
    assert.ok(seen.includes('0 true') && seen.includes('1 true'), seen.join());
    await page.getByRole('button', { name: 'Pause' }).click();
    const stage = await page.locator('.plane-board').getAttribute('data-stage');
    await page.waitForTimeout(1600);
    assert.equal(await page.locator('.plane-board').getAttribute('data-stage'), stage);
    await close();
  });

  it('steps without moving where motion is not wanted', async () => {
    const { page, close } = await opened({ reducedMotion: true });
    await page.evaluate(() => {
      const board = document.querySelector('.plane-board')!;
      const seen = ((window as unknown as { seen: string[] }).seen = []) as string[];
      new MutationObserver(() => seen.push(String(board.getAttribute('data-moving')))).observe(board, {
        attributes: true,
      });
    });
    const stage = Number(await page.locator('.plane-board').getAttribute('data-stage'));
    await page.getByRole('button', { name: 'Play through the layers' }).click();
    await page.locator(`.plane-board[data-stage="${stage + 1}"]`).waitFor({ timeout: 15_000 });
    const seen = await page.evaluate(() => (window as unknown as { seen: string[] }).seen);
    assert.ok(!seen.includes('true'));
    await close();
  });

  it('keeps paths and densities in a saved page, and needs no sideways scrolling', async () => {
    const saved = await browser.openRecorded(recordedOf(flow), { width: 400 });
    await saved.page.locator('.path-table').waitFor();
    assert.equal(await saved.page.locator('.plane-probe vscode-text-field').count(), 0);
    await saved.page.getByRole('radio', { name: 'Density' }).click();
    await saved.page.locator('.plane-behind .legend').waitFor();
    const wide = await saved.page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 400, `${wide}`);
    assert.ok(recordPlan(flow.summary).questions.some(({ method }) => method === 'planeDensity'));
    await saved.close();
  });
});

describe('between two stages', () => {
  it('points and frame move on straight lines, at the ends exactly', () => {
    const middle = between(view.points, 1.5).data;
    view.points[1]!.data.forEach((a, i) =>
      assert.ok(Math.abs(middle[i]! - (a + view.points[2]!.data[i]!) / 2) < 1e-6),
    );
    assert.equal(between(view.points, 2), view.points[2]);
    assert.equal(between(view.points, last), view.points[last]);
    const [a, b, c] = [1, 2, 1.25].map((at) => boundsAt(view, at));
    assert.ok(Math.abs(c!.x[0] - (0.75 * a!.x[0] + 0.25 * b!.x[0])) < 1e-9);
    assert.deepEqual([eased(0), eased(0.5), eased(1)], [0, 0.5, 1]);
  });

  it('rests, moves, and goes on', () => {
    assert.deepEqual(momentAfter(100, false), { kind: 'at', share: 0 });
    assert.deepEqual(momentAfter(950, false), { kind: 'at', share: 0.5 });
    assert.deepEqual(momentAfter(950, true), { kind: 'at', share: 0 });
    assert.deepEqual(momentAfter(1400, false), { kind: 'next' });
  });
});
