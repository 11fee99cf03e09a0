/** What stands above the first line of a run config, in a real editor. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { api, closeAll, openInspectors, workspaceFolder } from './ours';
import { until } from '../inspector/until';

describe('actions of a run config', function () {
  this.timeout(120_000);
  after(closeAll);

  const lensesOf = async (uri: vscode.Uri): Promise<vscode.Command[]> => {
    const found = await vscode.commands.executeCommand<vscode.CodeLens[]>(
      'vscode.executeCodeLensProvider',
      uri,
      9,
    );
    return found.flatMap(({ command }) => command ?? []);
  };
  const titles = (commands: vscode.Command[]): string[] => commands.map(({ title }) => title);

  it('train, preview, and open the last checkpoint once there is one', async () => {
    const flowscope = await api();
    const uri = vscode.Uri.joinPath(workspaceFolder(), 'lensed.flow.json');
    const config = { data: { source: 'moons' }, training: { steps: 20 } };
    await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(JSON.stringify(config, null, 2)));
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri));

    const before = await lensesOf(uri);
    assert.deepEqual(titles(before), ['$(play) Train', 'Preview data']);
    const [train] = before;
    await vscode.commands.executeCommand(train!.command, ...((train!.arguments ?? []) as unknown[]), {
      output: 'runs/lensed',
    });
    const after = await until(
      'the checkpoint',
      async () => {
        if (flowscope.enginePids().trainings.length > 0) return undefined;
        const now = await lensesOf(uri);
        return now.length > 2 && now;
      },
      90_000,
    );
    assert.deepEqual(titles(after), ['$(play) Train', 'Preview data', 'Open last checkpoint']);
    const open = after[2]!;
    await vscode.commands.executeCommand(open.command, ...((open.arguments ?? []) as unknown[]));
    await until('the editor', () => openInspectors().includes('flowscope.inspector last.flow.safetensors'));
  });

  it('are not offered for other JSON files', async () => {
    const uri = vscode.Uri.joinPath(workspaceFolder(), 'plain.json');
    await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode('{}'));
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri));
    assert.deepEqual(
      titles(await lensesOf(uri)).filter((title) => /Train|Preview/.test(title)),
      [],
    );
  });
});
