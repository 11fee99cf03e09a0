/**
 * Follows a model file, and the run it lies in, on disk. Events of the file system come first; on a share of another
 * machine none arrive, so while the page is visible, times of change are read as well.
 */
import path from 'node:path';
import { RelativePattern, Uri, workspace } from 'vscode';
import type { Disposable } from '../disposable';
import { debounce } from '../debounce';
import { readHolder } from '../runs/run-files';
import { sidecarOf } from './local-copy';
import { isFlowscopeFile } from '../view-types';
import { escapeGlob } from '../workspace-files';

/** How often files are checked while the page is visible, ms. */
const lookEvery = 3000;
/** A file that is being replaced is gone for less than this, ms. */
const goneAfter = 1000;

/** `answers` is the file that remembers how a file of another library is to be read; `gone` is a model file that was deleted. */
export type ModelChange = 'model' | 'run' | 'answers' | 'gone';

export function watchModel(uri: Uri, changed: (what: ModelChange) => void) {
  const folder = Uri.joinPath(uri, '..');
  const run = isFlowscopeFile(uri) ? Uri.joinPath(folder, '..') : undefined;
  const looks: Record<'model' | 'run', () => Promise<string>> = {
    model: () => stampOf(uri),
    run: async () =>
      run
        ? [
            ...(await Promise.all(
              ['metrics.jsonl', 'run.json', 'control.json', 'rates.json'].map((name) =>
                stampOf(Uri.joinPath(run, name)),
              ),
            )),
            await checkpointStamps(folder),
            // A process that was killed writes nothing.
            (await readHolder(run))?.liveness,
          ].join('\n')
        : '',
  };
  const known: Partial<Record<'model' | 'run', string>> = {};
  const missed = debounce(() => {
    void stampOf(uri).then((now) => {
      if (now !== '' || known.model === undefined || known.model === '') return;
      known.model = now;
      changed('gone');
    });
  }, goneAfter);
  // Both kinds of events end here, so that nothing is reported twice.
  const look = async (what: 'model' | 'run'): Promise<void> => {
    const now = await looks[what]();
    const before = known[what];
    if (what === 'model' && now === '' && now !== before) {
      missed.call();
      return;
    }
    if (now === before) return;
    known[what] = now;
    if (before !== undefined) changed(what);
  };
  const lookAll = (): void => {
    void look('model');
    if (run) void look('run');
  };
  lookAll();

  const model = debounce(() => void look('model'), 400);
  const ofRun = debounce(() => void look('run'), 400);
  const disposables: Disposable[] = [model, ofRun, missed];
  const watch = (base: Uri, pattern: string, call: () => void) => {
    const watcher = workspace.createFileSystemWatcher(new RelativePattern(base, pattern));
    disposables.push(
      watcher,
      ...[watcher.onDidCreate, watcher.onDidChange, watcher.onDidDelete].map((event) => event(call)),
    );
  };
  watch(folder, escapeGlob(path.posix.basename(uri.path)), model.call);
  if (!isFlowscopeFile(uri)) {
    const answers = debounce(() => changed('answers'), 400);
    disposables.push(answers);
    watch(folder, escapeGlob(path.posix.basename(sidecarOf(uri).path)), answers.call);
  }
  // Only Flowscope's own files are in run folders, and only those grow while they are open.
  if (run) {
    watch(run, '{metrics.jsonl,run.json,control.json,rates.json}', ofRun.call);
    watch(folder, '*.{flow,flowrec}.safetensors', ofRun.call);
  }
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    clearInterval(timer);
    timer = undefined;
  };
  return {
    /** Looks at the files themselves while `visible`, from now on. */
    watchClosely(visible: boolean): void {
      if (!visible) stop();
      if (!visible || timer) return;
      lookAll();
      timer = setInterval(lookAll, lookEvery);
    },
    dispose(): void {
      stop();
      disposables.forEach((disposable) => disposable.dispose());
    },
  };
}

async function stampOf(uri: Uri): Promise<string> {
  return workspace.fs.stat(uri).then(
    ({ size, mtime }) => `${size} ${mtime}`,
    () => '',
  );
}

/** Periodic checkpoints never change, so their names say enough. */
async function checkpointStamps(folder: Uri): Promise<string> {
  const entries = await workspace.fs.readDirectory(folder).then(undefined, () => []);
  const names = entries.map(([name]) => name).filter((name) => isFlowscopeFile({ path: name }));
  const moving = names.filter((name) => !name.startsWith('step-'));
  const stamps = await Promise.all(moving.map((name) => stampOf(Uri.joinPath(folder, name))));
  return [...names.sort(), ...stamps].join(' ');
}
