/** What a click on the status bar item offers: which training, where there are several, and what to do with it. */
import { l10n, Uri, window } from 'vscode';
import { isPaused } from '../format';
import { formatBest, formatTrainings } from '../localized-format';
import { log } from '../log';
import type { Services } from '../services/services';
import { chooseTraining } from './choose-training';
import type { Training } from '../training/trainings';
import { openInInspector } from './inspect';
import { showRunFolder } from './run-folder';
import { changeLearningRate, tell } from './steer';

export async function trainingActions(services: Services): Promise<void> {
  const training = await chooseTraining(services.trainings, undefined, l10n.t('Choose a training'));
  if (!training) return;
  const choice = await window.showQuickPick(actionsOf(services, training), {
    title: training.title,
    placeHolder: formatTrainings([training]),
  });
  await choice?.run();
}

function actionsOf(services: Services, training: Training) {
  const { stopping, folder } = training;
  const { best } = training.progress ?? {};
  const run = Uri.file(folder);
  return [
    ...(stopping
      ? [
          {
            label: `$(error) ${l10n.t('Stop Now')}`,
            detail: l10n.t('Ends the process without waiting for it to save.'),
            run: () => training.stop(),
          },
        ]
      : [
          isPaused(training)
            ? {
                label: `$(debug-continue) ${l10n.t('Resume Training')}`,
                run: () => tell(services, run, { action: 'resume' }),
              }
            : {
                label: `$(debug-pause) ${l10n.t('Pause Training')}`,
                detail: l10n.t('Keeps the process running. Training continues exactly where it paused.'),
                run: () => tell(services, run, { action: 'pause' }),
              },
          {
            label: `$(debug-stop) ${l10n.t('Stop Training')}`,
            detail: l10n.t('Saves first. Resume Training continues from there.'),
            run: () => training.stop(),
          },
          {
            label: `$(edit) ${l10n.t('Change Learning Rate…')}`,
            run: () => changeLearningRate(services, run),
          },
        ]),
    ...(best
      ? [
          {
            label: `$(eye) ${l10n.t('Open Best Checkpoint')}`,
            detail: l10n.t('{0} at step {1}', formatBest(best), best.step),
            run: () => openInInspector(services, run),
          },
        ]
      : []),
    {
      label: `$(folder-opened) ${l10n.t('Show Run Folder')}`,
      detail: folder,
      run: () => showRunFolder(services, run),
    },
    { label: `$(output) ${l10n.t('Show Log')}`, run: async () => log().show() },
  ];
}
