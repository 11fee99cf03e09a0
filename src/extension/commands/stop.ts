import { l10n, Uri, window } from 'vscode';
import { formatBest, formatProgress } from '../localized-format';
import { log } from '../log';
import type { Services } from '../services';
import type { Training } from '../training/trainings';
import { openInInspector } from './inspect';
import { showRunFolder } from './run-folder';
import { uriOf } from './targets';

export async function stopTraining(services: Services, target?: unknown): Promise<void> {
  const training = await chooseTraining(services, target, l10n.t('Choose the training to stop'));
  await training?.stop();
}

/** What a click on the status bar item offers. */
export async function trainingActions(services: Services): Promise<void> {
  const training = await chooseTraining(services, undefined, l10n.t('Choose a training'));
  if (!training) return;
  const { best } = training.progress ?? {};
  const choice = await window.showQuickPick(
    [
      {
        label: training.stopping
          ? `$(error) ${l10n.t('Stop Now')}`
          : `$(debug-stop) ${l10n.t('Stop Training')}`,
        detail: training.stopping
          ? l10n.t('Ends the process without waiting for it to save.')
          : l10n.t('Saves first. Resume Training goes on from there.'),
        run: () => training.stop(),
      },
      ...(best
        ? [
            {
              label: `$(eye) ${l10n.t('Open Best Checkpoint')}`,
              detail: l10n.t('{0} at step {1}', formatBest(best), best.step),
              run: () => openInInspector(services, Uri.file(training.folder)),
            },
          ]
        : []),
      {
        label: `$(folder-opened) ${l10n.t('Show Run Folder')}`,
        detail: training.folder,
        run: () => showRunFolder(services, Uri.file(training.folder)),
      },
      { label: `$(output) ${l10n.t('Show Log')}`, run: async () => log().show() },
    ],
    { placeHolder: formatProgress(training.title, training.progress, training.stopping) },
  );
  await choice?.run();
}

async function chooseTraining(
  services: Services,
  target: unknown,
  placeHolder: string,
): Promise<Training | undefined> {
  const { list } = services.trainings;
  const folder = uriOf(target)?.fsPath;
  const meant = list.find((training) => training.folder === folder);
  if (meant) return meant;
  if (folder) {
    void window.showInformationMessage(l10n.t('{0} is not being trained in this window.', folder));
    return undefined;
  }
  if (list.length <= 1) {
    if (list.length === 0)
      void window.showInformationMessage(l10n.t('Nothing is being trained in this window.'));
    return list[0];
  }
  const choice = await window.showQuickPick(
    list.map((training) => ({
      label: training.title,
      description: formatProgress(training.title, training.progress, training.stopping),
      training,
    })),
    { placeHolder },
  );
  return choice?.training;
}
