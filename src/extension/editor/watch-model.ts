/** Follows a model file, and the run it lies in, on disk. */
import path from 'node:path';
import { RelativePattern, Uri, workspace } from 'vscode';
import type { Disposable } from '../disposable';
import { debounce } from '../debounce';
import { sidecarOf } from './local-copy';
import { isOurs } from './view-types';

/** `answers` is the file that remembers how a file of another library is to be read. */
export function watchModel(uri: Uri, changed: (what: 'model' | 'run' | 'answers') => void): Disposable {
  const folder = Uri.joinPath(uri, '..');
  const model = debounce(() => changed('model'), 400);
  const run = debounce(() => changed('run'), 400);
  const disposables: Disposable[] = [model, run];
  const watch = (base: Uri, pattern: string, call: () => void) => {
    const watcher = workspace.createFileSystemWatcher(new RelativePattern(base, pattern), false, false, true);
    disposables.push(watcher, watcher.onDidCreate(call), watcher.onDidChange(call));
  };
  watch(folder, escapeGlob(path.posix.basename(uri.path)), model.call);
  if (!isOurs(uri)) {
    const answers = debounce(() => changed('answers'), 400);
    disposables.push(answers);
    watch(folder, escapeGlob(path.posix.basename(sidecarOf(uri).path)), answers.call);
  }
  // Only files of ours lie in run folders, and only those grow while they are looked at.
  if (isOurs(uri)) {
    watch(Uri.joinPath(folder, '..'), '{metrics.jsonl,run.json}', run.call);
    watch(folder, 'step-*.flow.safetensors', run.call);
  }
  return { dispose: () => disposables.forEach((disposable) => disposable.dispose()) };
}

function escapeGlob(name: string): string {
  return name.replace(/[[\]{}*?]/g, (character) => `[${character}]`);
}
