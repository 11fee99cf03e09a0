/** VS Code's window as a user has it, driven from a test inside the extension host over the debugging port. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { type Browser, chromium, type Frame, type Locator, type Page } from 'playwright-core';
import * as vscode from 'vscode';
import type { InspectorWindow } from '../inspector/window';
import { acceptSave } from './dialogs';
import { patience, until } from '../inspector/until';

export class Workbench implements InspectorWindow {
  private constructor(
    private readonly browser: Browser,
    readonly page: Page,
  ) {}

  static async connect(): Promise<Workbench> {
    const browser = await chromium.connectOverCDP(process.env['FLOWSCOPE_CDP_URL'] ?? '');
    const page = await until('the window', async () => {
      for (const candidate of browser.contexts().flatMap((context) => context.pages())) {
        if ((await candidate.locator('.monaco-workbench').count()) > 0) return candidate;
      }
      return undefined;
    });
    // A machine that does other things meanwhile may take long over an engine's start.
    page.setDefaultTimeout(patience(90_000));
    return new Workbench(browser, page);
  }

  async close(): Promise<void> {
    await this.browser.close();
  }

  /**
   * Another window on the folder that is open, which a test can reload without ending itself. Undefined where windows are
   * not pages of a server, as of desktop VS Code.
   */
  async another(): Promise<Workbench | undefined> {
    const address = new URL(this.page.url());
    if (!address.protocol.startsWith('http')) return undefined;
    const payload = JSON.parse(address.searchParams.get('payload') ?? '[]') as [string, string][];
    const without = payload.filter(([key]) => key !== 'extensionTestsPath');
    address.searchParams.set('payload', JSON.stringify(without));
    const page = await this.page.context().newPage();
    page.setDefaultTimeout(patience(90_000));
    await page.setViewportSize(this.page.viewportSize() ?? { width: 1440, height: 900 });
    await page.goto(address.href);
    await page.locator('.monaco-workbench').waitFor();
    return new Workbench(this.browser, page);
  }

  /** Runs a command as a user does: by its name in the palette. Fails where the palette does not list it. */
  async palette(name: string): Promise<void> {
    const row = this.rows().filter({ hasText: name }).first();
    // One that is just closing takes neither the key nor the text, and an editor that opens meanwhile closes it.
    await until(
      `${name} in the palette`,
      async () => {
        await this.page.keyboard.press('Escape');
        await this.page.keyboard.press('F1');
        try {
          await this.input().fill(`>${name}`, { timeout: 2000 });
          await row.waitFor({ timeout: 5000 });
          // While the list is still filtered another command can come under the click.
          let last = '';
          await until('the list to settle', async () => {
            const now = (await this.rows().allInnerTexts()).join();
            const same = now === last;
            last = now;
            return same;
          });
          await row.click({ timeout: 5000 });
          return true;
        } catch {
          return false;
        }
      },
      90_000,
    );
  }

  /** The text box of the palette, of quick picks and of input boxes. */
  input(): Locator {
    return this.page
      .locator(
        '.quick-input-widget:visible .quick-input-filter input, .quick-input-widget:visible input[type=text]',
      )
      .first();
  }

  rows(): Locator {
    return this.page.locator('.quick-input-widget:visible .quick-input-list .monaco-list-row');
  }

  /** Types the path of a file or folder into the window's own file dialog and accepts it. */
  async chooseFile(file: string): Promise<void> {
    const input = this.input();
    // It may follow a list whose box is still there.
    await until('the file dialog', async () =>
      path.isAbsolute(await input.inputValue({ timeout: 1000 }).catch(() => '')),
    );
    // The dialog writes a path of its own once it has read the folder; then what was typed is typed again.
    await until('the end of the file dialog', async () => {
      if (!(await input.isVisible())) return true;
      if ((await input.inputValue()) !== file) {
        await input.fill(file);
        return false;
      }
      await this.page.locator('.quick-input-widget:visible').getByRole('button', { name: 'OK' }).click();
      return input.waitFor({ state: 'hidden', timeout: 1000 }).then(
        () => true,
        () => false,
      );
    });
  }

  async chooseModel(file: string): Promise<void> {
    await this.pick('Choose a file…');
    await this.chooseFile(file);
  }

  /** Title of the open quick pick or input box, with its step numbers. */
  title(): Locator {
    return this.page.locator('.quick-input-widget:visible .quick-input-title');
  }

  async pick(text: string): Promise<void> {
    await this.rows().filter({ hasText: text }).first().click();
  }

  async accept(): Promise<void> {
    await this.input().press('Enter');
  }

  /**
   * A message, once it is there. Looked for in the list of messages, since the window of a test shows none by itself.
   */
  async notification(text: string | RegExp, milliseconds = 60_000): Promise<Locator> {
    const item = this.page
      .locator('.notifications-center .notification-list-item')
      .filter({ hasText: text })
      .first();
    await until(
      `the message ${String(text)}`,
      async () => {
        await vscode.commands.executeCommand('notifications.showList');
        return item.isVisible();
      },
      milliseconds,
    );
    return item;
  }

  /**
   * Answers what is asked of a file of another library with what is proposed. Resolves to the number of questions.
   * @param first typed in before the first of them is accepted
   */
  async acceptQuestions(first?: string): Promise<number> {
    await this.title()
      .filter({ hasText: /How to read/ })
      .waitFor({ timeout: 60_000 });
    if (first !== undefined) {
      await this.input().fill(first);
      await until('what was typed', async () => (await this.input().inputValue()) === first);
    }
    // Enter is lost while a question is on its way from the extension to the window; then it is pressed again.
    let pressed = 0;
    await until('the end of the questions', async () => {
      if (!(await this.title().isVisible())) return true;
      await this.page.keyboard.press('Enter');
      pressed++;
      await this.page.waitForTimeout(300);
      return !(await this.title().isVisible());
    });
    return pressed;
  }

  statusBar(text: string | RegExp): Locator {
    return this.page.locator('.statusbar-item').filter({ hasText: text }).first();
  }

  /** The frame of an open webview whose page shows the text. */
  async webview(selector: string, milliseconds = 60_000): Promise<Frame> {
    return until(
      `a webview with ${selector}`,
      async () => {
        for (const frame of this.page.frames()) {
          if (frame === this.page.mainFrame() || frame.isDetached()) continue;
          const visible = await frame
            .locator(selector)
            .first()
            .isVisible()
            .catch(() => false);
          if (visible) return frame;
        }
        return undefined;
      },
      milliseconds,
    );
  }

  /** Opens a checkpoint or a file of another library, and brings its editor to the front. */
  async open(file: string, selector: string): Promise<Frame> {
    const ours = file.endsWith('.flow.safetensors');
    void vscode.commands.executeCommand(
      ours ? 'flowscope.openInInspector' : 'flowscope.openModel',
      vscode.Uri.file(file),
    );
    await until(
      'the editor',
      () => vscode.window.tabGroups.activeTabGroup.activeTab?.label === path.basename(file),
    );
    return this.webview(selector);
  }

  acceptSave(): Promise<Buffer> {
    return acceptSave(this);
  }

  async reduceMotion(reduced: boolean): Promise<void> {
    await vscode.workspace
      .getConfiguration('workbench')
      .update('reduceMotion', reduced ? 'on' : undefined, vscode.ConfigurationTarget.Global);
  }

  /** A picture of the window, kept as an artifact. */
  async screenshot(name: string): Promise<void> {
    const root = process.env['FLOWSCOPE_TEST_ROOT'];
    assert.ok(root, 'FLOWSCOPE_TEST_ROOT');
    const folder = path.join(root, 'artifacts', 'e2e');
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: path.join(folder, `${name}.png`) });
  }
}
