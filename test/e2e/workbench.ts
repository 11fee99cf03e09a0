/** VS Code's window as a user has it, driven from a test inside the extension host over the debugging port. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { type Browser, chromium, type Frame, type Locator, type Page } from 'playwright-core';
import * as vscode from 'vscode';
import { until } from '../extension/ours';

export class Workbench {
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
    return new Workbench(browser, page);
  }

  async close(): Promise<void> {
    await this.browser.close();
  }

  /** Runs a command as a user does: by its name in the palette. Fails where the palette does not list it. */
  async palette(name: string): Promise<void> {
    await this.page.keyboard.press('Escape');
    await this.page.keyboard.press('F1');
    await this.input().waitFor();
    await this.input().fill(`>${name}`);
    const row = this.rows().filter({ hasText: name }).first();
    await row.waitFor();
    await row.click();
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

  /** A picture of the window, kept as an artefact. */
  async screenshot(name: string): Promise<void> {
    const root = process.env['FLOWSCOPE_TEST_ROOT'];
    assert.ok(root, 'FLOWSCOPE_TEST_ROOT');
    const folder = path.join(root, 'artifacts', 'e2e');
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: path.join(folder, `${name}.png`) });
  }
}
