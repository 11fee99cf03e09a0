/** A flow checked against a target in the page. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import type { Locator } from 'playwright-core';
import type { CheckPart } from '../../src/protocol/check';
import { flowscope } from '../inspector/command-line';
import { showTab } from '../inspector/models';
import { audit } from './support/audit';
import type { Faults } from './support/engine-page';
import type { EngineWindow } from './support/engine-window';
import { inWindow } from './support/in-window';
import { tinyModel } from './support/tiny-models';

const target = `
def log_prob(x):
    out = -(x**2).sum(1) / 2
    out[x[:, 0] < -0.2] = -float("inf")
    return out

def undefined(x):
    return x[:, 0] * float("nan")
`;

describe('a check', () => {
  let editor: EngineWindow;
  let file: string;
  inWindow((started) => void (editor = started), { untrained: true });
  before(async () => {
    file = (await tinyModel(editor.folder, 'splines')).file();
    writeFileSync(path.join(editor.folder, 'target.py'), target);
  });
  const open = async (faults: Faults = {}) => {
    const live = await editor.openPage(file, { width: 1280, height: 900, ...faults });
    await showTab(live.page.mainFrame(), '.diag', 'Check');
    return { live, page: live.page, panel: live.page.locator('.diag [role=tabpanel]') };
  };
  const choose = async (panel: Locator, name: string): Promise<void> => {
    await panel.getByText(/(Choose a|Other) function…/).click();
    await editor.chooseFile(`${path.join(editor.folder, 'target.py')}:${name}`);
    await panel.locator('code', { hasText: `target.py:${name}` }).waitFor();
  };

  it('of a flow that was trained on a target needs no function', async () => {
    const run = path.join(editor.folder, 'gmm40');
    await flowscope('train', '--target', 'gmm40', '--max-steps', '2', '--output', run);
    const trained = path.join(run, 'checkpoints', 'last.flow.safetensors');
    const { page } = await editor.openPage(trained, { width: 1280, height: 900 });
    await showTab(page.mainFrame(), '.diag', 'Check');
    const panel = page.locator('.diag [role=tabpanel]');
    await panel.getByText(/^The flow was trained on gmm40\./).waitFor();
    await page.locator('.headline', { hasText: /Target gmm40: .+ of draws count/ }).waitFor();
    await panel.getByText('Run', { exact: true }).click();
    await panel.getByText('10,000 draws, gmm40', { exact: true }).waitFor();
    assert.match(await panel.locator('[data-fact=evidence]').innerText(), /The target’s is 0\.000\./);
  });

  it('says what a target did wrong, and weighs nothing', async () => {
    const { live, panel } = await open();
    await choose(panel, 'undefined');
    assert.deepEqual(live.asked('check'), [], 'nothing runs before the button');
    await panel.getByText('Run', { exact: true }).click();
    await panel
      .getByRole('alert')
      .getByText(/is NaN for 2000 of 2000 rows, for example for \[/)
      .waitFor();
    await panel.getByText('Retry', { exact: true }).waitFor();
    assert.equal(await panel.locator('[data-fact]').count(), 0);
  });

  it('draws, weighs and shows what is wrong and where', async () => {
    let part: CheckPart | undefined;
    const { page, panel } = await open({ edits: { check: (answer) => (part = answer) } });
    await choose(panel, 'log_prob');
    await panel.getByText('Run', { exact: true }).click();
    await panel.getByText('10,000 draws, target.py:log_prob', { exact: true }).waitFor();
    const { report } = part!;
    assert.ok(report?.blame && report.leakage.share > 0.01, JSON.stringify(report));
    const sentences = await panel.locator('.view-verdict').allInnerTexts();
    assert.ok(sentences[0]!.replaceAll('−', '-').includes(report.findings[0]!.sentence), sentences[0]);
    const fact = (kind: string) => panel.locator(`[data-fact=${kind}]`).innerText();
    assert.match(await fact('efficiency'), new RegExp(`${(100 * report.efficiency.value).toFixed(1)}%`));
    assert.match(await fact('paretoK'), new RegExp(`${report.pareto!.k.toFixed(2)} ≤ 0\\.70`));
    assert.match(await fact('evidence'), new RegExp(`± ${report.logEvidence.error.toFixed(3)}`));
    assert.match(
      await fact('leakage'),
      new RegExp(`${(100 * report.leakage.share).toFixed(2)}% ± 0\\.\\d\\d%`),
    );
    assert.equal(await panel.locator('canvas[data-name=weight-map]').count(), 1);
    const worst = panel.getByRole('group', { name: 'Worst draws' }).locator('tbody tr');
    assert.equal(await worst.count(), report.worst.length);
    assert.match(await worst.last().innerText(), /outside\s+−∞\s+0\.00%/);

    const bars = panel.locator('[data-layer]');
    assert.deepEqual(
      await bars.evaluateAll((rows) => rows.map((row) => Number(row.getAttribute('data-layer')))),
      report.blame.layers.map(({ layer }) => layer),
    );
    await bars.last().getByRole('button').press('Enter');
    await page.locator('.layer').getByText('Coupling 2', { exact: true }).waitFor();
    assert.equal(await bars.last().getAttribute('aria-selected'), 'true');
    const height = (): Promise<number> => page.locator('.diag').evaluate((box) => box.clientHeight);
    const docked = await height();
    await page.getByRole('button', { name: 'Maximize these views' }).click();
    await page.locator('.layer').waitFor({ state: 'hidden' });
    assert.ok((await height()) > 2 * docked);
    await page.locator('.flow [data-layer]').first().click();
    await page.locator('.layer').waitFor();
    assert.equal(await height(), docked);
    for (const theme of ['dark', 'light', 'high-contrast'] as const) {
      await editor.setTheme(`vscode-${theme}`);
      const found = await audit(page, { within: ['.diag'], contrastAlone: theme !== 'dark' });
      assert.deepEqual(
        found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join()}`),
        [],
      );
    }
  });

  it('is there again in another window, and keeps what it had when it is canceled', async () => {
    const { live, panel } = await open();
    await panel.getByText('10,000 draws, target.py:log_prob', { exact: true }).waitFor();
    live.hold('check', ({ start }) => start > 0);
    await panel.getByText('Run again', { exact: true }).click();
    await panel.getByText('2,000 of 10,000 draws', { exact: true }).waitFor();
    await panel
      .getByText(/^Which layer to look at comes last/)
      .first()
      .waitFor();
    await live.untilAsked('check', ({ start }) => start === 2000);
    await panel.getByRole('button', { name: 'Cancel' }).click();
    await panel.getByText('Canceled: what is shown is of 2,000 of 10,000 draws.').waitFor();
    assert.equal(await panel.locator('[data-fact]').count(), 4);

    const saved = await editor.openSaved(file);
    await showTab(saved.mainFrame(), '.diag', 'Check');
    const kept = saved.locator('.diag [role=tabpanel]');
    await kept.locator('canvas[data-name=weight-map]').waitFor();
    assert.equal(await kept.locator('[data-fact]').count(), 4);
    assert.equal(await kept.getByText('Run again', { exact: true }).count(), 0);
  });

  it('against held-out examples needs no target, and shows where a classifier wins', async () => {
    let part: CheckPart | undefined;
    const { page, panel } = await open({ edits: { check: (answer) => (part = answer) } });
    const prior = panel.locator('vscode-text-field[title^="Prior"] input');
    const begin = panel.getByText('Check against held-out examples', { exact: true });
    await prior.fill('1:-1');
    await begin.click();
    await panel
      .getByRole('alert')
      .getByText(/expected LOW:HIGH, as -1:1/)
      .waitFor();
    await prior.fill('-9:9');
    await begin.click();
    await panel.getByText(/^[\d,]+ held-out examples, -9:9$/).waitFor({ timeout: 120_000 });
    const { against } = part!;
    assert.ok(against && !part!.report);
    assert.equal(against.findings[0]!.sentence, 'No draw is outside of the prior.');
    const sentences = (await panel.locator('.view-verdict').allInnerTexts()).join('\n');
    for (const { sentence } of against.findings)
      assert.ok(sentences.replaceAll('−', '-').includes(sentence), sentence);
    await panel.locator('canvas[data-name=weight-map]').waitFor();
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
