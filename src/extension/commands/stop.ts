import { l10n } from 'vscode';
import type { Services } from '../services/services';
import { chooseTraining } from './choose-training';

export async function stopTraining(services: Services, target?: unknown): Promise<void> {
  const training = await chooseTraining(services.trainings, target, l10n.t('Choose the training to stop'));
  await training?.stop();
}
