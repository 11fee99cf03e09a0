import assert from 'node:assert/strict';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import * as vscode from 'vscode';
import { engineEnvironment } from '../../src/extension/engine/environment';
import { problemWithRun, proposeRun, resolveRunFolder } from '../../src/extension/training/run-name';
import { readSettings } from '../../src/extension/settings';
import { Workbench } from '../e2e/workbench';
import { closeAll, ours, workspaceFolder } from './ours';
import { until } from '../inspector/until';

interface Contributes {
  configuration: { properties: Record<string, object> }[];
}

describe('settings', () => {
  const settings = () => vscode.workspace.getConfiguration('flowscope');
  const context = () =>
    ({ globalStorageUri: vscode.Uri.joinPath(workspaceFolder(), 'no-storage') }) as vscode.ExtensionContext;

  afterEach(async () => {
    for (const key of ['backend', 'threads', 'runsFolder'])
      await settings().update(key, undefined, vscode.ConfigurationTarget.Workspace);
    await settings().update('nativeFolder', undefined, vscode.ConfigurationTarget.Global);
  });

  it('reach the engine', async () => {
    assert.equal(engineEnvironment(context()).FLOWSCOPE_THREADS, undefined);
    await settings().update('backend', 'onnxruntime', vscode.ConfigurationTarget.Workspace);
    await settings().update('threads', 1, vscode.ConfigurationTarget.Workspace);
    const env = engineEnvironment(context());
    assert.deepEqual([env.FLOWSCOPE_BACKEND, env.FLOWSCOPE_THREADS], ['onnxruntime', '1']);
    assert.equal(env.FLOWSCOPE_NATIVE, undefined);
  });

  it('of the wrong type count as not set', async () => {
    await settings().update('backend', 'abacus', vscode.ConfigurationTarget.Workspace);
    await settings().update('threads', 'many', vscode.ConfigurationTarget.Workspace);
    const env = engineEnvironment(context());
    assert.equal(env.FLOWSCOPE_BACKEND, 'auto');
    assert.equal(env.FLOWSCOPE_THREADS, undefined);
  });

  it('that are described are all read, and no others', async () => {
    // A value of each that is valid and not its default.
    const others: Record<string, unknown> = {
      backend: 'onnxruntime',
      threads: 3,
      runsFolder: 'elsewhere',
      nativeFolder: '/opt/native',
      python: '/opt/python',
      largestRemoteFile: 7,
    };
    const { configuration } = (ours().packageJSON as { contributes: Contributes }).contributes;
    const described = configuration.flatMap(({ properties }) => Object.keys(properties));
    const before = readSettings();
    assert.deepEqual(
      described.sort(),
      Object.keys(before)
        .map((key) => `flowscope.${key}`)
        .sort(),
    );
    for (const key of Object.keys(before)) {
      await settings().update(key, others[key], vscode.ConfigurationTarget.Global);
      assert.deepEqual(readSettings(), { ...before, [key]: others[key] });
      await settings().update(key, undefined, vscode.ConfigurationTarget.Global);
    }
    assert.deepEqual(readSettings(), before);
  });

  it('are found by what they are about', async function () {
    this.timeout(60_000);
    const workbench = await Workbench.connect();
    // Where the extension runs on another machine than the window, that machine's settings have a tab of their own.
    const commands = await vscode.commands.getCommands();
    const tabs = ['openSettings', 'openRemoteSettings'].filter((name) =>
      commands.includes(`workbench.action.${name}`),
    );
    const shown = async (query: string) => {
      const found = new Set<string>();
      for (const tab of tabs) for (const title of await shownIn(tab, query)) found.add(title);
      return [...found];
    };
    const shownIn = async (tab: string, query: string) => {
      await closeAll();
      await vscode.commands.executeCommand(
        `workbench.action.${tab}`,
        tab === 'openSettings' ? query : { query },
      );
      const items = workbench.page.locator('.settings-editor .setting-item-title');
      // The list follows what is typed after a moment.
      let last = '';
      return until(`settings for "${query}"`, async () => {
        await pause(500);
        const titles = (await items.allInnerTexts()).map((title) => title.replace(/\s+/g, ' ').trim());
        const settled = titles.join() === last;
        last = titles.join();
        return settled && titles.filter((title) => title.startsWith('Flowscope'));
      });
    };
    try {
      const all = await shown('flowscope');
      for (const name of ['Runs Folder', 'Backend', 'Threads', 'Native Folder', 'Largest Remote File'])
        assert.ok(
          all.some((title) => title.includes(name)),
          `${name} among ${all.join(', ')}`,
        );
      assert.ok((await shown('normalizing flow')).length >= 4);
      const [rate, ...more] = await shown('learning rate');
      assert.match(rate!, /Runs Folder/);
      assert.deepEqual(more, []);
      await shownIn('openSettings', 'learning rate');
      const description = workbench.page.locator('.settings-editor .setting-item-description').first();
      assert.match(
        await description.innerText(),
        /Change Learning Rate… changes the rate while a run trains/,
      );
      await workbench.screenshot('settings');
    } finally {
      await closeAll();
      await workbench.close();
    }
  });

  it('that name a library cannot come from a workspace', async () => {
    await assert.rejects(
      Promise.resolve(settings().update('nativeFolder', '/tmp/evil', vscode.ConfigurationTarget.Workspace)),
    );
  });

  it('say where runs go, and a taken name gets a number', async () => {
    const folder = workspaceFolder().fsPath;
    await settings().update('runsFolder', 'trained', vscode.ConfigurationTarget.Workspace);
    assert.equal(await proposeRun('digits'), path.join('trained', 'digits'));
    const taken = vscode.Uri.joinPath(workspaceFolder(), 'trained', 'digits');
    await vscode.workspace.fs.writeFile(
      vscode.Uri.joinPath(taken, 'run.json'),
      new TextEncoder().encode('{}'),
    );
    assert.equal(await proposeRun('digits'), path.join('trained', 'digits-2'));
    assert.equal(resolveRunFolder('trained/x'), path.join(folder, 'trained', 'x'));
    assert.match((await problemWithRun('trained/digits')) ?? '', /already holds a run/);
    assert.match((await problemWithRun('trained')) ?? '', /not empty/);
    assert.match((await problemWithRun('  ')) ?? '', /Name a folder/);
    assert.equal(await problemWithRun('trained/new'), undefined);
    await vscode.workspace.fs.delete(vscode.Uri.joinPath(workspaceFolder(), 'trained'), { recursive: true });
  });
});
