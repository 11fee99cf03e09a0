/** What the suites share: our extension, and waiting for what comes in its own time. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import * as vscode from 'vscode';
import type { FlowscopeApi } from '../../src/extension/main';

export function ours(): vscode.Extension<FlowscopeApi> {
  const extension = vscode.extensions.getExtension<FlowscopeApi>('flowscope.flowscope');
  assert.ok(extension, 'the extension is installed');
  return extension;
}

export async function api(): Promise<FlowscopeApi> {
  return ours().activate();
}

export function workspaceFolder(): vscode.Uri {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  assert.ok(folder, 'a folder is open');
  return folder;
}

/** The custom editors that are open now, as "viewType name". */
export function openInspectors(): string[] {
  return vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .flatMap(({ input }) =>
      input instanceof vscode.TabInputCustom ? [`${input.viewType} ${input.uri.path.split('/').at(-1)}`] : [],
    );
}

export async function closeAll(): Promise<void> {
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
}

/** The maps of the process name every shared library in it. */
export function assertNothingNative(): void {
  if (process.platform !== 'linux') return;
  const found = readFileSync('/proc/self/maps', 'utf8').match(
    /\S*(onnxruntime|tensorflow|tfjs_binding|sharp|libvips)\S*/g,
  );
  assert.deepEqual([...new Set(found)], [], 'native libraries in the extension host');
}

/** Without a chat nobody is there to confirm; VS Code has a mode for tests, which stands for the click. */
export async function allowTools(yes: boolean): Promise<void> {
  await vscode.commands.executeCommand(
    'setContext',
    'vscode.chat.tools.global.autoApprove.testMode',
    yes || undefined,
  );
  await vscode.workspace
    .getConfiguration('chat')
    .update('tools.global.autoApprove', yes || undefined, vscode.ConfigurationTarget.Global);
}
