/** Commands to a training through its run folder, whichever program trains it. */
import { l10n, type Uri, window } from 'vscode';
import { checkControl, type ControlRequest } from '../../config/control';
import type { Services } from '../services/services';
import { isTrained } from '../runs/run-files';
import { resolveRun } from '../targets/targets';
import { mayRun } from '../trust';
import { chooseTraining } from './choose-training';

export async function pauseTraining(services: Services, target?: unknown): Promise<void> {
  const run = await resolveRun(services, target, {
    placeHolder: l10n.t('Choose the training to pause'),
    accepts: ({ state }) => state === 'running',
    none: l10n.t('No training is running.'),
  });
  if (run) await tell(services, run, { action: 'pause' });
}

/** @param answer a rate, where it need not be asked for */
export async function changeLearningRate(
  services: Services,
  target?: unknown,
  answer?: unknown,
): Promise<void> {
  const run = await resolveRun(services, target, {
    placeHolder: l10n.t('Choose the training whose learning rate to change'),
    accepts: isTrained,
    none: l10n.t('No training is running.'),
  });
  if (!run) return;
  const text =
    typeof answer === 'number'
      ? String(answer)
      : await window.showInputBox({
          title: l10n.t('Learning Rate'),
          prompt: l10n.t('The rate of the next step. The schedule continues in proportion.'),
          placeHolder: '0.0005',
          validateInput: problemOf,
        });
  if (text !== undefined) await tell(services, run, { learningRate: Number(text) });
}

/** @throws UserError if no process trains the run */
export async function tell(services: Services, run: Uri, request: ControlRequest): Promise<void> {
  if (!(await mayRun(l10n.t('Changing a training')))) return;
  await services.inspection.use(({ api }) => api.control(run.fsPath, request));
}

function problemOf(text: string): string | undefined {
  try {
    checkControl({ learningRate: text.trim() === '' ? NaN : Number(text) });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

export async function stopTraining(services: Services, target?: unknown): Promise<void> {
  const training = await chooseTraining(services.trainings, target, l10n.t('Choose the training to stop'));
  await training?.stop();
}
