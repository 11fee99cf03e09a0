import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { closeAll, workspaceFolder } from './ours';
import { until } from '../inspector/until';

describe('config files', () => {
  after(closeAll);

  it('are checked in the editor, and completed', async () => {
    const uri = vscode.Uri.joinPath(workspaceFolder(), 'checked.flow.json');
    const text = '{\n  "data": { "source": "digits" },\n  "model": { "kind": "image", "scales": "two" }\n}\n';
    await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(text));
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document);
    const problems = await until('a diagnostic', () => {
      const found = vscode.languages.getDiagnostics(uri);
      return found.length > 0 && found;
    });
    const lines = problems.map(({ range }) => range.start.line);
    assert.ok(lines.includes(2), problems.map(({ message }) => message).join('\n'));

    const inside = document.positionAt(text.indexOf('"kind"'));
    const completed = await vscode.commands.executeCommand<vscode.CompletionList>(
      'vscode.executeCompletionItemProvider',
      uri,
      inside,
    );
    const labels = completed.items.map(({ label }) => (typeof label === 'string' ? label : label.label));
    assert.ok(
      labels.some((label) => label.includes('blocks')),
      labels.join(', '),
    );

    const [hover] = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      uri,
      document.positionAt(text.indexOf('"scales"') + 2),
    );
    const said =
      hover?.contents.map((part) => (part instanceof vscode.MarkdownString ? part.value : '')).join('\n') ??
      '';
    assert.match(said, /[Ss]cales/);
  });
});
