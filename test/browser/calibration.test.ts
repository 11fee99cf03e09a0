/** Calibration of a conditional flow in the page. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { audit } from './support/audit';
import type { EngineWindow } from './support/engine-window';
import { inWindow } from './support/in-window';
import { tinyModel } from './support/tiny-models';

describe('calibration', () => {
  let editor: EngineWindow;
  let file: string;
  inWindow(
    async (started) => {
      editor = started;
      file = (await tinyModel(editor.folder, 'conditional')).file();
    },
    { untrained: true },
  );
  const open = async (): Promise<Page> => {
    const { page } = await editor.openPage(file, { width: 1280, height: 900 });
    await page.getByRole('tab', { name: 'Calibration' }).click();
    return page;
  };

  it('says what it costs, runs, and says with numbers what is off', async () => {
    const page = await open();
    const panel = page.locator('.diag [role=tabpanel]');
    await panel.getByText(/Takes 80 held-out .* 16,000 samples/).waitFor();
    await panel.getByText('Run', { exact: true }).click();
    await panel.getByText(/80 validation pairs, 200 samples each/).waitFor();
    const names = page.locator('.calibration-ranks figure');
    assert.deepEqual(await names.locator('h3 b').allInnerTexts(), ['x', 'y']);
    // Parameters that were moved at random are not calibrated.
    const off = await names.evaluateAll((all) => all.map((one) => one.getAttribute('data-off')));
    assert.ok(
      off.some((problem) => problem !== ''),
      off.join(),
    );
    const verdicts = await panel.locator('.view-verdict').allInnerTexts();
    assert.match(verdicts[0]!, /is farthest from uniform, .*distance 0\.\d{3}, p /);
    assert.match(verdicts[1]!, /90% regions hold \d+\.\d%; calibrated flows .*distance 0\.\d{3}/);
    assert.match(verdicts[2]!, /distance 0\.\d{3}, p /);
  });

  it('is there again in another window of the file', async () => {
    const page = await open();
    await page.locator('.calibration-ranks figure').first().waitFor();
  });

  it('says of one level outside of its band that the test is of all levels', async () => {
    const { page } = await editor.openPage(file, {
      width: 1280,
      height: 900,
      edits: {
        keptCalibration: (part) => {
          const { off: _, ...coverage } = part!.calibration!.coverage;
          const levels = coverage.levels.map((at) => ({ ...at, found: at.low - 0.01 }));
          return { ...part!, calibration: { ...part!.calibration!, coverage: { ...coverage, levels } } };
        },
      },
    });
    await page.getByRole('tab', { name: 'Calibration' }).click();
    await page
      .getByText(/90% regions hold .*; outside at this level alone: all levels together are not off;/)
      .waitFor();
  });

  it('leaves what it had when it is canceled', async () => {
    // The first answer is of half the pairs, and the next does not come: of such a flow all come at once.
    const live = await editor.openPage(file, {
      width: 1280,
      height: 900,
      edits: { calibration: (part) => ({ ...part, done: 40 }) },
    });
    live.hold('calibration', ({ start }) => start > 0);
    const { page } = live;
    await page.getByRole('tab', { name: 'Calibration' }).click();
    const panel = page.locator('.diag [role=tabpanel]');
    await panel.getByText('Run again', { exact: true }).click();
    await panel.getByText('40 of 80 pairs', { exact: true }).waitFor();
    await live.untilAsked('calibration', ({ start }) => start === 40);
    await panel.getByRole('button', { name: 'Cancel' }).click();
    await panel.getByText('Canceled: what is shown is of 40 of 80 pairs.').waitFor();
    assert.equal(live.cancelled.filter((token) => token.startsWith('calibration-')).length, 1);
    assert.equal(await page.locator('.calibration-ranks figure').count(), 2, 'what came is still drawn');
    await panel.getByText('Run again', { exact: true }).waitFor();
  });

  it('has no such tab for a flow that takes no conditions', async () => {
    const { page } = await editor.openPage((await tinyModel(editor.folder, 'plane')).file());
    await page.getByRole('tab', { name: 'Diagnostics' }).waitFor();
    assert.equal(await page.getByRole('tab', { name: 'Calibration' }).count(), 0);
  });

  it('keeps contrast and names in dark, light and high contrast', async () => {
    const page = await open();
    await page.locator('.diag [role=tabpanel] .ctl, .diag [role=tabpanel] .state').first().waitFor();
    for (const theme of ['dark', 'light', 'high-contrast'] as const) {
      await editor.setTheme(`vscode-${theme}`);
      const found = await audit(page, { within: ['.diag'], contrastAlone: theme !== 'dark' });
      assert.deepEqual(
        found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join()}`),
        [],
      );
    }
  });
});
