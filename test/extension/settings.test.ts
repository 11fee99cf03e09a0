import assert from 'node:assert/strict';
import path from 'node:path';
import * as vscode from 'vscode';
import { engineEnvironment } from '../../src/extension/engine/environment';
import { problemWithRun, proposeRun, resolveRunFolder } from '../../src/extension/training/run-name';
import { workspaceFolder } from './ours';

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
    assert.match((await problemWithRun('trained/digits')) ?? '', /run is there already/);
    assert.match((await problemWithRun('trained')) ?? '', /not empty/);
    assert.match((await problemWithRun('  ')) ?? '', /Name a folder/);
    assert.equal(await problemWithRun('trained/new'), undefined);
    await vscode.workspace.fs.delete(vscode.Uri.joinPath(workspaceFolder(), 'trained'), { recursive: true });
  });
});
