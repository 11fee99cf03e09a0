/** Files that are on no disk: copied to be looked into, and refused with a reason where they are too large. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import * as vscode from 'vscode';
import { UserError } from '../../src/base/user-error';
import { localFile, nameOnDisk } from '../../src/extension/editor/local-copy';
import { workspaceFolder } from './ours';

class MemoryFiles implements vscode.FileSystemProvider {
  readonly onDidChangeFile = new vscode.EventEmitter<vscode.FileChangeEvent[]>().event;
  constructor(private readonly files: Map<string, Uint8Array>) {}
  stat(uri: vscode.Uri): vscode.FileStat {
    return { type: vscode.FileType.File, ctime: 0, mtime: 0, size: this.readFile(uri).length };
  }
  readFile(uri: vscode.Uri): Uint8Array {
    const bytes = this.files.get(uri.path);
    if (!bytes) throw vscode.FileSystemError.FileNotFound(uri);
    return bytes;
  }
  watch = () => new vscode.Disposable(() => undefined);
  readDirectory = () => [];
  createDirectory = () => undefined;
  writeFile = () => undefined;
  delete = () => undefined;
  rename = () => undefined;
}

describe('files of a virtual workspace', () => {
  const scheme = 'flowscope-test';
  const uri = (name: string) => vscode.Uri.from({ scheme, path: `/${name}` });
  const context = () =>
    ({
      globalStorageUri: vscode.Uri.joinPath(workspaceFolder(), 'global-storage'),
    }) as vscode.ExtensionContext;
  let registration: vscode.Disposable;

  before(() => {
    const files = new Map([
      ['/small.flow.safetensors', Uint8Array.of(1, 2, 3)],
      ['/large.flow.safetensors', new Uint8Array(1_200_000)],
    ]);
    registration = vscode.workspace.registerFileSystemProvider(scheme, new MemoryFiles(files));
  });

  after(async () => {
    registration.dispose();
    await vscode.workspace.fs.delete(context().globalStorageUri, { recursive: true });
  });

  it('are copied, under their own names, and the copy goes with the document', async () => {
    const copy = await localFile(context(), uri('small.flow.safetensors'));
    assert.ok(copy.path.endsWith('small.flow.safetensors'));
    assert.deepEqual([...readFileSync(copy.path)], [1, 2, 3]);
    await copy.dispose();
    assert.equal(existsSync(copy.path), false);
  });

  it('have no name that leads out of the folder of copies, on any system', () => {
    assert.equal(nameOnDisk('..\\..\\C:x/y.pt'), '.._.._C_x_y.pt');
    assert.equal(nameOnDisk('a model.flow.safetensors'), 'a model.flow.safetensors');
  });

  it('are refused above the size that the settings allow', async () => {
    const settings = vscode.workspace.getConfiguration('flowscope');
    await settings.update('largestRemoteFile', 1, vscode.ConfigurationTarget.Global);
    try {
      await assert.rejects(
        localFile(context(), uri('large.flow.safetensors')),
        (error) => error instanceof UserError && /1\.2 MB.*up to 1 MB/.test(error.message),
      );
    } finally {
      await settings.update('largestRemoteFile', undefined, vscode.ConfigurationTarget.Global);
    }
  });

  it('that are not there are named', async () => {
    await assert.rejects(localFile(context(), uri('gone.onnx')), /gone\.onnx cannot be read/);
  });

  it('of this machine are used where they are', async () => {
    const file = vscode.Uri.joinPath(workspaceFolder(), 'x.flow.safetensors');
    const local = await localFile(context(), file);
    assert.equal(local.path, file.fsPath);
  });
});
