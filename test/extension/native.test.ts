/** Install Native TensorFlow: the ladder in a process of its own. */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { findNative, nativeRoot } from '../../src/native/locate';
import type { NativeChildMessage } from '../../src/protocol/native';
import { Workbench } from '../e2e/workbench';
import { ours } from './ours';

describe('native TensorFlow', function () {
  this.timeout(180_000);

  it('that is installed is verified, and the outcome is told', async function () {
    if (!findNative()) return this.skip();
    const settings = vscode.workspace.getConfiguration('flowscope');
    await settings.update('nativeFolder', nativeRoot(), vscode.ConfigurationTarget.Global);
    const workbench = await Workbench.connect();
    try {
      await vscode.commands.executeCommand('flowscope.installNative');
      await workbench.notification(/Native TensorFlow \d+\.\d+\.\d+ is already installed and works/);
    } finally {
      await vscode.commands.executeCommand('notifications.clearAll');
      await workbench.close();
      await settings.update('nativeFolder', undefined, vscode.ConfigurationTarget.Global);
    }
  });

  it('leaves nothing behind when its installation is cancelled', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'flowscope-native-'));
    try {
      const script = path.join(ours().extensionPath, 'dist', 'native.js');
      const env = { ...process.env, FLOWSCOPE_NATIVE: folder, ELECTRON_RUN_AS_NODE: '1' };
      const child = fork(script, [], { env, execArgv: [], serialization: 'advanced', silent: true });
      const messages: NativeChildMessage[] = [];
      const code = await new Promise<number | null>((resolve) => {
        child.on('message', (message: NativeChildMessage) => {
          messages.push(message);
          if (messages.length === 1) child.disconnect();
        });
        child.once('exit', resolve);
      });
      assert.equal(messages[0]?.kind, 'log', 'it says what it tries');
      assert.equal(code, 1);
      assert.deepEqual(readdirSync(folder), []);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
