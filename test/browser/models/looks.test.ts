/** How the inspector looks in the window: contrast and names by axe-core, narrow panes, 200 %, keys, reduced motion. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import type { Frame } from 'playwright-core';
import { settled, until } from '../../inspector/until';
import { isImage, type Model, openModel, root, showTab, triedOn } from '../../inspector/models';
import { inWindow } from '../support/in-window';
import { misplaced, spoil } from '../support/misplaced';
import type { EngineWindow } from '../support/engine-window';

const themes = ['vscode-dark', 'vscode-light', 'vscode-high-contrast'] as const;

/** What axe-core answers, as far as it is read here. */
interface Audit {
  violations: { id: string; nodes: { target: string[]; failureSummary?: string }[] }[];
}

/** Tabs of the three regions, a few at a time: what is shown together is looked at together. */
function tabsOf(model: Model): [string, string][][] {
  const data = model.steps.length > 0;
  const layer = ['Activations', 'Mask', 'Log-det', 'Conditioner', 'Jacobian'];
  const gallery = ['Samples', 'Latents', 'Interpolate', ...(data ? ['Nearest', 'Examples'] : [])];
  const diag = ['Diagnostics', isImage(model) ? 'By pixel' : 'By feature', 'Run'];
  if (!isImage(model)) layer.push('Plane');
  else gallery.push('Reconstruct');
  return Array.from({ length: Math.max(layer.length, gallery.length) }, (_, i) => [
    ['.layer', layer[i % layer.length]!],
    ['.gallery', gallery[i % gallery.length]!],
    ['.diag', diag[i % diag.length]!],
  ]);
}

async function showTabs(frame: Frame, tabs: [string, string][]): Promise<void> {
  for (const [region, tab] of tabs) {
    await showTab(frame, region, tab);
    await frame.locator(region).getByRole('tab', { name: tab, exact: true, selected: true }).waitFor();
  }
  // What is being computed pulses.
  await frame.locator('main .skeleton.pulse').first().waitFor({ state: 'detached', timeout: 60_000 });
}

describe('looks', () => {
  let editor: EngineWindow;
  const axe = readFileSync(path.join(root(), 'node_modules', 'axe-core', 'axe.min.js'), 'utf8');

  inWindow(
    (window) => {
      editor = window;
    },
    { keepsPages: true },
  );

  /** All rules once; contrast, which depends on the theme, in each. */
  async function violations(frame: Frame, all: boolean): Promise<string[]> {
    if (!(await frame.evaluate(() => 'axe' in window))) await frame.evaluate(axe);
    return frame.evaluate(async (every) => {
      const { axe: run } = window as unknown as {
        axe: { run(node: Element, options: object): Promise<Audit> };
      };
      const { violations: found } = await run.run(document.body, {
        resultTypes: ['violations'],
        ...(every ? {} : { runOnly: ['color-contrast'] }),
      });
      return found.flatMap(({ id, nodes }) =>
        nodes.map((node) => `${id}: ${node.target.join(' ')} (${node.failureSummary ?? ''})`),
      );
    }, all);
  }

  /** Makes the editor so many pixels wide and high, as at 200 % or on a narrow screen. */
  async function paneOf(frame: Frame, width: number, height: number, scale: number): Promise<void> {
    const session = await editor.page.context().newCDPSession(editor.page);
    await session.send('Emulation.setDeviceMetricsOverride', {
      width,
      height,
      deviceScaleFactor: scale,
      mobile: false,
    });
    await until('the size', async () => (await frame.evaluate(() => window.innerWidth)) === width);
  }

  for (const model of triedOn) {
    describe(model.name, () => {
      let frame: Frame;
      before(async () => (frame = await openModel(editor, model)));
      after(() => editor.closePages());

      it('lets keys reach every control', async () => {
        await frame.locator('.findings [data-check]').first().waitFor({ state: 'attached' });
        await walk(frame);
      });

      // Colors are those of the theme, whatever the model: the first image flow and the first of vectors show them all.
      const inThemes =
        model === triedOn.find((each) => isImage(each) === isImage(model)) ? themes : [themes[0]];

      it(`has nothing for axe-core to find in any tab, ${inThemes.join(', ')}`, async () => {
        const bad: string[] = [];
        for (const [at, tabs] of tabsOf(model).entries()) {
          await showTabs(frame, tabs);
          // There and back, so that each theme is set once for two sets of tabs.
          for (const kind of at % 2 === 0 ? inThemes : [...inThemes].reverse()) {
            await editor.setTheme(kind);
            const found = await settled(() => violations(frame, kind === 'vscode-dark'));
            bad.push(...found.map((one) => `${kind}, ${tabs.join(' ')}: ${one}`));
          }
        }
        assert.deepEqual(bad, []);
      });

      it('fits 400 pixels and 200 %: nothing beside the pane, over another, or cut off', async () => {
        const bad: string[] = [];
        for (const [name, width, height, scale] of [
          ['400 pixels', 400, 900, 1],
          ['200 %', 640, 400, 2],
        ] as const) {
          await paneOf(frame, width, height, scale);
          await frame.evaluate(spoil);
          assert.match((await frame.evaluate(misplaced)).join(), /a word.* lies over|lies over .*a word/);
          await frame.evaluate(() => document.querySelector('#spoil')!.remove());
          for (const tabs of tabsOf(model)) {
            await showTabs(frame, tabs);
            const found = await settled(() => frame.evaluate(misplaced));
            bad.push(...found.map((one) => `${name}, ${tabs.join(' ')}: ${one}`));
          }
        }
        assert.deepEqual(bad, []);
      });
    });

    it(`${model.name}: stands still where less motion is wanted`, async () => {
      const frame = await openModel(editor, model);
      await editor.page.emulateMedia({ reducedMotion: 'reduce' });
      assert.equal(await frame.evaluate(() => matchMedia('(prefers-reduced-motion: reduce)').matches), true);
      for (const tabs of tabsOf(model)) {
        for (const [region, tab] of tabs) await showTab(frame, region, tab);
        assert.deepEqual(
          await frame.evaluate(() => document.getAnimations().map((one) => one.constructor.name)),
          [],
        );
      }
      await editor.closePages();
    });
  }

  /** Tab goes through all stops; in a group with one stop arrows go on to the others. */
  async function walk(frame: Frame): Promise<void> {
    const count = await frame.evaluate(() => {
      const controls =
        'button, input, select, textarea, a[href], summary, vscode-button, vscode-dropdown, vscode-text-field, [role=tab], [role=radio], [role=option], [tabindex]';
      let n = 0;
      for (const element of document.querySelectorAll<HTMLElement>(controls)) {
        const inside = element.parentElement?.closest('vscode-button, vscode-dropdown, vscode-text-field');
        if (inside || !element.checkVisibility({ visibilityProperty: true })) continue;
        if (element.matches(':disabled, [disabled], [aria-disabled=true], [aria-hidden=true] *')) continue;
        const box = element.getBoundingClientRect();
        if (box.width === 0 || box.height === 0) continue;
        element.dataset['stop'] = String(n++);
      }
      return n;
    });
    assert.ok(count > 30, `${count} controls`);
    await frame.locator('body').evaluate(() => {
      (document.activeElement as HTMLElement | null)?.blur();
      document.body.tabIndex = -1;
      document.body.focus();
      document.body.removeAttribute('tabindex');
    });
    const reached = new Set<string>();
    const active = () =>
      frame.evaluate(
        () => document.activeElement?.closest<HTMLElement>('[data-stop]')?.dataset['stop'] ?? '',
      );
    for (let i = 0; i < count + 5; i++) {
      await editor.page.keyboard.press('Tab');
      const stop = await active();
      if (stop === '' && reached.size > 0) break;
      if (stop !== '') reached.add(stop);
    }
    /** Focus follows a key once what it selects is drawn; at the end of a list it stays. */
    const press = async (key: string): Promise<string> => {
      const before = await active();
      await editor.page.keyboard.press(key);
      const end = Date.now() + 1500;
      let now = await active();
      while (now === before && Date.now() < end) {
        await pause(20);
        now = await active();
      }
      return now;
    };
    // Groups with one stop: from the member that Tab reaches, arrows lead to the rest.
    const groups = await frame.evaluate(
      (seen) => {
        const members = (group: Element) =>
          [...group.querySelectorAll<HTMLElement>('[data-stop]')].map((one) => one.dataset['stop']!);
        // A choice in the bar has the strip computed anew, and a tab replaces what is below it: these come late.
        return [
          '[role=group]:is(.pick, .thumbs)',
          '[role=radiogroup]:not(.bar *)',
          '.bar [role=radiogroup]',
          '[role=listbox]',
          '[role=tablist]',
          '[role=toolbar]',
        ]
          .flatMap((role) => [...document.querySelectorAll(role)])
          .map(members)
          .filter((all) => all.length > 1 && all.some((one) => seen.includes(one)));
      },
      [...reached],
    );
    for (const group of groups) {
      const start = group.find((one) => reached.has(one))!;
      await frame.locator('.flow[aria-busy=false]').waitFor();
      if ((await frame.locator(`[data-stop="${start}"]`).count()) === 0) continue;
      await frame.locator(`[data-stop="${start}"]`).focus();
      const key =
        (await frame.locator(`[data-stop="${start}"]`).getAttribute('role')) === 'option'
          ? 'ArrowDown'
          : 'ArrowRight';
      if (key === 'ArrowDown' && start !== group[0]) await press('Home');
      reached.add(await active());
      for (let i = 1; i < group.length; i++) reached.add(await press(key));
    }
    const missed = await frame.evaluate(
      (seen) =>
        [...document.querySelectorAll<HTMLElement>('[data-stop]')]
          .filter((one) => one.isConnected && !seen.includes(one.dataset['stop']!))
          .map((one) => one.outerHTML.slice(0, 120)),
      [...reached],
    );
    assert.deepEqual(missed, []);
  }
});
