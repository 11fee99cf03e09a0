/** Which of the window's trainings a command is about. */
import { l10n, window } from 'vscode';
import { uriOf } from '../targets/targets';
import { isPaused } from '../format';
import { formatTrainings } from '../localized-format';
import type { Training, Trainings } from '../training/trainings';

/** The training of the run that is given, or the only one, or the one that the user picks; undefined where there is none. */
export async function chooseTraining(
  trainings: Trainings,
  target: unknown,
  placeHolder: string,
): Promise<Training | undefined> {
  const { list } = trainings;
  const folder = uriOf(target)?.fsPath;
  const meant = list.find((training) => training.folder === folder);
  if (meant) return meant;
  if (folder) {
    void window.showInformationMessage(l10n.t('{0} is not being trained in this window.', folder));
    return undefined;
  }
  if (list.length <= 1) {
    if (list.length === 0)
      void window.showInformationMessage(l10n.t('No training is running in this window.'));
    return list[0];
  }
  const choice = await window.showQuickPick(
    list.map((training) => ({
      label: `$(${isPaused(training) ? 'debug-pause' : 'pulse'}) ${training.title}`,
      description: formatTrainings([training]),
      detail: training.folder,
      training,
    })),
    { placeHolder, matchOnDetail: true },
  );
  return choice?.training;
}
