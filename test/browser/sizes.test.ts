/**
 * The page in the sizes that an editor has: beside a side bar, half a window, in a low panel, zoomed. The window's zoom makes
 * the page's pixels larger, so that 125 % and 200 % are to the page what an editor so much smaller is.
 */
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Frame } from 'playwright-core';
import { fixture, folder, type Model, models, openModel, triedOn } from '../inspector/models';
import { settled } from '../inspector/until';
import { restyle, screenshot } from './support/browser-page';
import type { EngineWindow } from './support/engine-window';
import { inWindow } from './support/in-window';
import { misplaced } from './support/misplaced';
import { cutTexts, hiddenCharts, largestGap } from './support/room';

const widths = [400, 560, 720, 900, 1080, 1280, 1440, 1920];
const heights = [500, 780, 836, 1200];
/** Editors of 1390×836 and 1080×780 at these zooms. */
const zoomed = [1.25, 2].flatMap((zoom) => [
  [Math.round(1390 / zoom), Math.round(836 / zoom)] as const,
  [Math.round(1080 / zoom), Math.round(780 / zoom)] as const,
]);
const sizes = [...widths.flatMap((width) => heights.map((height) => [width, height] as const)), ...zoomed];
const pictures = new Set([
  '400×836',
  '560×836',
  '720×836',
  '720×500',
  '900×780',
  '1080×780',
  '1080×500',
  '1390×836',
  '1440×836',
  '1920×1200',
]);
/** More layers than fit, with long names, and a condition. */
const many: Model = {
  name: 'a posterior of sbi',
  shape: [2],
  steps: [],
  file: () => folder('density_estimator_state.pt'),
};
/** No nothing may be larger: a share of the page. */
const mostEmpty = 1 / 3;

describe('sizes', () => {
  let editor: EngineWindow;
  inWindow((started) => void (editor = started), { keepsPages: true });

  /** Charts draw at the size that they get, a frame later. */
  const drawn = (frame: Frame) =>
    frame.evaluate(
      () =>
        new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 30)))),
    );

  async function resize(frame: Frame, width: number, height: number): Promise<void> {
    await editor.page.setViewportSize({ width, height });
    await drawn(frame);
  }

  /** Brings each panel that takes turns with others to the front. */
  async function* panels(frame: Frame, every: boolean): AsyncGenerator<string> {
    const choices = frame.locator('.panel-switch:visible [role=radio]');
    const names = every ? await choices.allInnerTexts() : [];
    for (const name of names) {
      await choices.filter({ hasText: name }).click();
      await drawn(frame);
      yield name;
    }
    if (names.length > 0) await choices.first().click();
    else yield 'as it was';
  }

  /** What is wrong at a size, in words. */
  async function faults(frame: Frame, width: number, height: number, panel: string): Promise<string[]> {
    const found = [...(await frame.evaluate(misplaced)), ...(await frame.evaluate(cutTexts))];
    const gap = await frame.evaluate(largestGap);
    if (gap.share > mostEmpty) found.push(`empty: ${gap.where}`);
    if (width >= 1080 && height >= 780) found.push(...(await frame.evaluate(hiddenCharts)));
    return found.map((fault) => `${width}×${height}, ${panel}: ${fault}`);
  }

  it('finds what is wrong where something is', async () => {
    const frame = await openModel(editor, models[0]!);
    await frame.locator('.waterfall').waitFor();
    await resize(frame, 1080, 780);
    assert.deepEqual(await faults(frame, 1080, 780, 'all'), []);
    const spoilt = async (style: string, expected: RegExp): Promise<void> => {
      await restyle(frame, style);
      await drawn(frame);
      assert.match((await faults(frame, 1080, 780, 'all')).join('\n'), expected, style);
      await restyle(frame);
      await drawn(frame);
    };
    await spoilt('.head h2 { width: 30px; overflow: hidden }', /cut: layer h2.* "Coupling 1"/);
    await spoilt('.sum { height: 20px; overflow: hidden }', /cut: strip/);
    await spoilt(
      '.ctl vscode-dropdown { width: 28px; min-width: 0 }',
      /cut: gallery vscode-dropdown.* "5×5"/,
    );
    await frame
      .locator('.bar vscode-text-field input')
      .first()
      .evaluate((field) => ((field as HTMLInputElement).value = '1234567890123'));
    assert.match((await frame.evaluate(cutTexts)).join(), /cut: page vscode-text-field.* "1234567890123"/);
    await frame.locator('.bar vscode-text-field input').first().fill('0');
    await spoilt('.facts { margin-top: -40px }', /lies over/);
    await spoilt('main { width: 1200px }', /the page is 1200 wide/);
    await spoilt('#layer-panel .maps { width: 900px }', /scrolls sideways: panel/);
    await spoilt('.layer > *, .gallery > * { display: none }', /empty: 7\d\d×4/);
    await spoilt('.waterfall { min-height: 300px }', /Where the bits go.* ends at/);
    await editor.closePages();
  });

  for (const model of [...triedOn, many])
    describe(model.name, () => {
      let frame: Frame;
      before(async () => {
        if (model === many)
          copyFileSync(fixture('wild', 'sbi-maf-state-2d', path.basename(many.file())), many.file());
        frame = await openModel(editor, model);
        await frame.locator('.findings [data-check]').first().waitFor({ state: 'attached' });
      });
      after(() => editor.closePages());

      it('shows everything in every size', async () => {
        const found: string[] = [];
        for (const [width, height] of sizes) {
          await resize(frame, width, height);
          for await (const panel of panels(frame, height === 500 || height === 836))
            found.push(...(await settled(() => faults(frame, width, height, panel))));
          if (pictures.has(`${width}×${height}`))
            await screenshot(editor.page, `sizes-${model.name.replaceAll(' ', '-')}-${width}x${height}`);
        }
        assert.deepEqual(found, []);
      });
    });
});
