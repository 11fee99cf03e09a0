/** The first minutes: a flow to look at before anything was trained, and a report of what this machine has. */
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { Workbench } from '../e2e/workbench';
import { until } from '../inspector/until';
import { closeAll, openInspectors, ours } from './ours';

interface Texts {
  contributes: {
    viewsWelcome: { view: string; contents: string }[];
    walkthroughs: { steps: { id: string; description: string }[] }[];
  };
}

describe('samples and reports', function () {
  this.timeout(120_000);
  let workbench: Workbench;
  const file = (name: string) => path.join(ours().extensionPath, name);
  const json = <T>(name: string) => JSON.parse(readFileSync(file(name), 'utf8')) as T;

  before(async () => void (workbench = await Workbench.connect()));
  afterEach(closeAll);
  after(() => workbench.close());

  for (const [name, layers] of [
    ['moons', 8],
    ['digits', 12],
  ] as const) {
    it(`open ${name} with one click`, async () => {
      await vscode.commands.executeCommand('flowscope.openSample', name);
      await until('the editor', () =>
        openInspectors().includes(`flowscope.inspector ${name}.flow.safetensors`),
      );
      const frame = await workbench.webview('[role=listbox] [role=option]');
      const options = await frame.locator('[role=listbox] [role=option]').count();
      assert.ok(options >= layers, `${options} rows`);
    });
  }

  it('are small, and one click away where nothing is open', () => {
    const bytes = ['moons', 'digits'].map(
      (name) => statSync(file(`media/samples/${name}.flow.safetensors`)).size,
    );
    assert.ok(bytes[0]! + bytes[1]! <= 3e6, bytes.join(' + '));
    const texts = json<Record<string, string>>('package.nls.json');
    const { viewsWelcome, walkthroughs } = json<Texts>('package.json').contributes;
    const shown = [
      ...viewsWelcome.map(({ contents }) => contents),
      ...walkthroughs[0]!.steps.filter(({ id }) => id === 'sample').map(({ description }) => description),
    ];
    assert.equal(shown.length, viewsWelcome.length + 1);
    for (const key of shown) {
      const links = texts[key.replaceAll('%', '')]!.matchAll(/\(command:flowscope\.openSample\?([^)]*)\)/g);
      const given = [...links].map(([, query]) => JSON.parse(decodeURIComponent(query!)) as unknown);
      assert.deepEqual(given, [['moons'], ['digits']], key);
    }
  });

  it('gather what doctor finds, without the name of the user, and send nothing', async () => {
    await vscode.commands.executeCommand('flowscope.reportIssue');
    const editor = await until('the report', () => {
      const active = vscode.window.activeTextEditor;
      return active?.document.getText().includes('flowscope doctor') ? active : undefined;
    });
    const text = editor.document.getText();
    assert.ok(editor.document.isUntitled);
    const [, doctor] = /```json\n([^]*?)\n```/.exec(text)!;
    const { lines } = JSON.parse(doctor!) as { lines: { name: string; state: string }[] };
    const state = Object.fromEntries(lines.map((line) => [line.name, line.state]));
    assert.equal(state.onnxruntime, 'ok');
    assert.equal(state.backend, 'ok');
    const { version } = ours().packageJSON as { version: string };
    assert.match(text, new RegExp(`- Flowscope ${version.replaceAll('.', '\\.')}`));
    assert.ok(!text.includes(`${homedir()}${path.sep}`), 'names the home folder');
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
  });
});
