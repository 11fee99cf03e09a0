import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { configText } from '../../src/extension/commands/new-config';
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
    assert.ok(!labels.includes('couplings'), 'fields of vectors are not those of images');

    const [hover] = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      uri,
      document.positionAt(text.indexOf('"scales"') + 2),
    );
    const said =
      hover?.contents.map((part) => (part instanceof vscode.MarkdownString ? part.value : '')).join('\n') ??
      '';
    assert.match(said, /[Ss]cales[^]*Default: 2/);
  });

  it('are made from a preset, whose names and sections are completed', async () => {
    const uri = vscode.Uri.joinPath(workspaceFolder(), 'new.flow.json');
    await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(configText('tabular')));
    const document = await vscode.workspace.openTextDocument(uri);
    assert.deepEqual(JSON.parse(document.getText()), {
      preset: 'tabular',
      data: { source: '' },
      training: { steps: 20_000, batch: 256, learningRate: 1e-3 },
    });
    await vscode.window.showTextDocument(document);
    const offered = async (at: string): Promise<string[]> => {
      const list = await vscode.commands.executeCommand<vscode.CompletionList>(
        'vscode.executeCompletionItemProvider',
        uri,
        document.positionAt(document.getText().indexOf(at) + at.length),
      );
      return list.items.map(({ label }) => (typeof label === 'string' ? label : label.label));
    };
    const presets = await until('the names of presets', async () => {
      const found = await offered('"preset": "');
      return found.some((label) => label.includes('nflows')) && found;
    });
    assert.ok(presets.some((label) => label.includes('moons')));
    const sections = await offered('"tabular",\n  ');
    assert.ok(
      sections.some((label) => label.includes('model')),
      sections.join(', '),
    );
  });
});
