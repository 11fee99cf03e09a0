import { l10n, type Uri, window } from 'vscode';

const dataExtensions = ['csv', 'tsv', 'gz', 'parquet', 'nc', 'npy', 'npz', 'zip', 'bin', 'idx', 'idx3-ubyte'];

/** A file with data (or, where allowed, a config), or a folder with pictures. No dialog offers both at once everywhere. */
export async function chooseData(
  what: 'file' | 'folder',
  title: string,
  { configs = false } = {},
): Promise<Uri | undefined> {
  const name = configs ? l10n.t('Data and configs') : l10n.t('Data');
  const filters = { [name]: [...dataExtensions, ...(configs ? ['json'] : [])], [l10n.t('All files')]: ['*'] };
  const chosen = await window.showOpenDialog({
    title,
    canSelectFiles: what === 'file',
    canSelectFolders: what === 'folder',
    ...(what === 'file' ? { filters } : {}),
  });
  return chosen?.[0];
}
