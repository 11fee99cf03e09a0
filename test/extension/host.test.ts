import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';
import * as vscode from 'vscode';

describe('the extension host', () => {
  it('is a VS Code that the manifest asks for', () => {
    const [major, minor] = vscode.version.split('.').map(Number);
    assert.ok(major === 1 && (minor ?? 0) >= 100, `VS Code ${vscode.version}`);
    assert.ok(vscode.workspace.workspaceFolders?.length === 1, 'a folder is open');
  });

  it('shows its window to a test over the debugging port', async () => {
    const browser = await chromium.connectOverCDP(process.env['FLOWSCOPE_CDP_URL'] ?? '');
    try {
      const pages = browser.contexts().flatMap((context) => context.pages());
      const shown = await Promise.all(pages.map((page) => page.locator('.monaco-workbench').count()));
      assert.ok(
        shown.some((count) => count > 0),
        'a page shows the workbench',
      );
    } finally {
      await browser.close();
    }
  });
});
