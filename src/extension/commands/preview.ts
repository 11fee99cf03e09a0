import { l10n, type QuickPickItem, Uri, window, workspace } from 'vscode';
import { isPlace } from '../../protocol/engine';
import { section } from '../quick-pick';
import type { Parts } from '../services/parts';
import { builtinData } from '../training/catalogue';
import { chooseData } from '../training/data-dialog';
import { dataFileGlob, kindOfFile } from '../training/data-files';
import { localFilesByName } from '../workspace-files';
import { activeFile, onDisk } from '../targets/targets';

interface SourceItem extends QuickPickItem {
  source?: string;
  browse?: 'file' | 'folder';
}

/**
 * Shows data before anything is trained on them. A string is a built-in name or a path; menus pass a URI.
 * @param place where its Train… runs; menus pass something else
 */
export async function previewData({ previews }: Parts, target?: unknown, place?: unknown): Promise<void> {
  const source = sourceOf(target) ?? sourceOfEditor() ?? (await askSource());
  if (source) previews.show(source, isPlace(place) ? place : undefined);
}

function sourceOf(target: unknown): string | undefined {
  if (target instanceof Uri) return onDisk(target);
  return typeof target === 'string' && target ? target : undefined;
}

function sourceOfEditor(): string | undefined {
  const file = activeFile();
  return file?.scheme === 'file' && (kindOfFile(file.path) !== undefined || file.path.endsWith('.flow.json'))
    ? file.fsPath
    : undefined;
}

async function askSource(): Promise<string | undefined> {
  const files = await localFilesByName(dataFileGlob);
  const choice = await window.showQuickPick<SourceItem>(
    [
      ...section<SourceItem>(
        l10n.t('Data in this workspace'),
        files.map((uri): SourceItem => ({
          label: `$(table) ${workspace.asRelativePath(uri)}`,
          source: uri.fsPath,
        })),
      ),
      ...section<SourceItem>(
        l10n.t('Built in'),
        builtinData.map(({ source, title, about }): SourceItem => ({
          label: title,
          description: source,
          detail: about,
          source,
        })),
      ),
      ...section<SourceItem>(l10n.t('Browse'), [
        { label: `$(file) ${l10n.t('Choose a file…')}`, browse: 'file' },
        { label: `$(folder-opened) ${l10n.t('Choose a folder of images…')}`, browse: 'folder' },
      ]),
    ],
    { placeHolder: l10n.t('Which data do you want to preview?'), matchOnDescription: true },
  );
  if (!choice?.browse) return choice?.source;
  const chosen = await chooseData(choice.browse, l10n.t('Data to preview'));
  return chosen && onDisk(chosen);
}

/** Opens a page to draw data of two features on. The argument answers what it would ask when they are saved. */
export function drawData({ drawings }: Parts, answers?: unknown): void {
  drawings.show(typeof answers === 'object' && answers !== null ? answers : {});
}
