/** Which folders hold pictures, so that menus of other folders need not offer to train on them. */
import path from 'node:path';
import { commands, type ExtensionContext, type Uri, workspace } from 'vscode';
import { debounce } from '../debounce';
import { readSettings } from '../settings';

const pictures = '**/*.{png,jpg,jpeg,webp,PNG,JPG,JPEG,WEBP}';
/** Files that are looked for: of each folder one is enough, and there is no search for just that. */
const mostFiles = 5000;

/** Tells menus, a while after activation and when files come or go. */
export function registerPictureFolders(context: ExtensionContext): void {
  let known: ReadonlySet<string> = new Set();
  const look = debounce(() => void tell().then((folders) => (known = folders)), 3000);
  const watcher = workspace.createFileSystemWatcher(pictures, false, true, false);
  context.subscriptions.push(
    look,
    watcher,
    watcher.onDidCreate((file) => {
      if (!known.has(path.dirname(file.fsPath)) && !inRuns(file)) look.call();
    }),
    watcher.onDidDelete((file) => {
      if (known.has(path.dirname(file.fsPath))) look.call();
    }),
    workspace.onDidChangeWorkspaceFolders(look.call),
  );
  look.call();
}

/** A training writes pictures for hours. */
function inRuns(file: Uri): boolean {
  const runs = readSettings().runsFolder.replaceAll('\\', '/');
  return `/${workspace.asRelativePath(file, false)}`.startsWith(`/${runs}/`);
}

async function tell(): Promise<ReadonlySet<string>> {
  const runs = readSettings().runsFolder.replaceAll('\\', '/');
  // The samples of a run are pictures, but not data to train on.
  const files = await workspace.findFiles(pictures, `{**/node_modules/**,**/.git/**,${runs}/**}`, mostFiles);
  const folders = new Set(files.map(({ fsPath }) => path.dirname(fsPath)));
  // A folder for each class lies in the folder that one trains on.
  for (const folder of [...folders]) folders.add(path.dirname(folder));
  await commands.executeCommand('setContext', 'flowscope.pictureFolders', [...folders]);
  await commands.executeCommand('setContext', 'flowscope.looked', true);
  return folders;
}
