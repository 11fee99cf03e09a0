/** The board of the plane beyond what every model's is tried for (models/plane.test.ts): keys, points of the data, motion. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PlaneView } from '../../src/protocol/inspect';
import { stageBounds } from '../../src/protocol/plane';
import { between, boundsAt, eased } from '../../src/protocol/between-stages';
import { momentAfter } from '../../webview/features/plane/player';
import { near, parseNumber } from '../inspector/frame';
import type { Model } from '../inspector/models';
import { copyNumbers } from '../inspector/take';
import { until } from '../inspector/until';
import type { EngineWindow } from './support/engine-window';
import type { EnginePage } from './support/engine-page';
import { inWindow } from './support/in-window';
import { tinyModel } from './support/tiny-models';

describe('the plane', () => {
  let editor: EngineWindow;
  let plane: Model;
  inWindow(
    async (started) => {
      editor = started;
      plane = await tinyModel(editor.folder, 'plane');
    },
    { untrained: true },
  );

  const opened = async (): Promise<EnginePage> => {
    const live = await editor.openPage(plane.file(), { width: 1280, height: 800 });
    await live.page.locator('.path-table').waitFor();
    return live;
  };
  const rows = async ({ page }: EnginePage): Promise<number[][]> =>
    (await page.locator('.path-table tbody tr').allInnerTexts()).map((row) =>
      row.split('\t').slice(1).map(parseNumber),
    );

  it('moves a point by keys and becomes the example; the point of the data that is clicked is taken', async () => {
    const live = await opened();
    const { page } = live;
    const board = page.locator('.plane-board');
    const stage = 0;
    await page.locator('[data-path-row="0"] button').click();
    await page.locator('.plane-board[data-stage="0"]').waitFor();
    const table = await copyNumbers(page.mainFrame(), '.layer');
    const [across, up] = [table.column('x1'), table.column('x2')];
    const points = {
      shape: [across.length, 2],
      data: Float32Array.from(across.flatMap((v, i) => [v, up[i]!])),
    };
    const bounds = stageBounds(points, stage, 5);
    const size = bounds.x[1] - bounds.x[0];
    const box = (await board.boundingBox())!;
    await board.click({ position: { x: box.width * 0.75, y: box.height * 0.125 }, modifiers: ['Shift'] });
    await page.locator('[data-probe=point]').waitFor();
    const { start } = await live.untilAsked('planePath', (query) => query.start.kind === 'point');
    assert.ok(start.kind === 'point' && start.stage === stage);
    near(start.point[0], bounds.x[0] + 0.75 * size, 0.005 * size, 'h₁ of the point');
    near(start.point[1], bounds.y[1] - 0.125 * size, 0.005 * size, 'h₂ of the point');
    // The path before it is drawn until its own is found.
    await until('the path of the point', async () => {
      const h = (await rows(live))[stage]?.[0];
      return h !== undefined && Math.abs(h - start.point[0]) <= 0.005 * size;
    });
    // An arrow key moves it by a hundredth of the frame.
    await page.keyboard.press('ArrowRight');
    const moved = await until('the moved point', async () => {
      const h = (await rows(live))[stage]?.[0];
      return h !== undefined && Math.abs(h - start.point[0]) > 0.005 * size && h;
    });
    near(moved, start.point[0] + 0.01 * size, 0.011, 'h₁ of the moved point');
    await page.getByText('Use as example').first().click();
    await page.locator('[data-probe=selected]').waitFor();

    const place = (k: number): [number, number] => [
      ((across[k]! - bounds.x[0]) / size) * box.width,
      ((bounds.y[1] - up[k]!) / size) * box.height,
    ];
    // The one that stands most alone.
    const all = across.map((_, k) => place(k));
    const room = all.map(([x, y], k) =>
      x > 5 && y > 5 && x < box.width - 5 && y < box.height - 5
        ? Math.min(...all.map(([u, v], j) => (j === k ? Infinity : Math.hypot(x - u, y - v))))
        : 0,
    );
    const alone = room.indexOf(Math.max(...room));
    assert.ok(room[alone]! > 4, `the next point is ${room[alone]} pixels away`);
    const [x, y] = all[alone]!;
    await board.click({ position: { x, y } });
    await page.locator('[data-probe=example]').waitFor();
    await live.untilAsked(
      'planePath',
      (query) =>
        query.start.kind === 'example' &&
        query.start.example.kind === 'data' &&
        query.start.example.index === alone,
    );
  });

  it('plays from the start when it stands at z', async () => {
    const { page } = await opened();
    await page.locator('.plane-board').focus();
    await page.keyboard.press('End');
    await page.locator('.plane-board[data-stage="5"]').waitFor();
    await page.evaluate(() => {
      const seen = ((window as unknown as { seen: string[] }).seen = []) as string[];
      const board = document.querySelector('.plane-board')!;
      new MutationObserver(() =>
        seen.push(`${board.getAttribute('data-stage')} ${board.getAttribute('data-moving')}`),
      ).observe(board, { attributes: true });
    });
    // A key of the board plays as the button does.
    await page.keyboard.press('Space');
    await page.locator('.plane-board[data-stage="2"]').waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    const seen = await page.evaluate(() => (window as unknown as { seen: string[] }).seen);
    assert.ok(seen.includes('0 true') && seen.includes('1 true'), seen.join());
  });

  it('keeps paths and densities in a saved page, and needs no sideways scrolling', async () => {
    const page = await editor.openSaved(plane.file(), { width: 400, height: 800 });
    await page.locator('.path-table').waitFor();
    assert.equal(await page.locator('.plane-probe vscode-text-field').count(), 0);
    await page.getByRole('radio', { name: 'Density' }).click();
    await page.locator('.plane-behind .legend').waitFor();
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 400, `${wide}`);
  });
});

describe('between two stages', () => {
  const array = (...data: number[]) => ({ shape: [data.length / 2, 2], data: Float32Array.from(data) });
  const points = [array(0, 0, 1, 2), array(1, -1, 3, 1), array(2, 0, -1, 4), array(0.5, 0.5, -0.5, 1)];

  it('points and frame move on straight lines, at the ends exactly', () => {
    assert.deepEqual([...between(points, 1.5).data], [1.5, -0.5, 1, 2.5]);
    assert.equal(between(points, 2), points[2]);
    assert.equal(between(points, 3), points[3]);
    const view = { points, bounds: { x: [-2, 2], y: [-2, 2] } } as unknown as PlaneView;
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
