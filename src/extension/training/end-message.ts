/** The one message of a training: at its end. */
import { commands, l10n, Uri, window } from 'vscode';
import type { TrainResult } from '../../protocol/engine';
import { toErrorData } from '../../protocol/wire';
import { formatBest } from '../localized-format';
import { log } from '../log';
import { exists } from '../runs/run-files';
import { inWindowWords } from '../window-words';
import type { Training } from './trainings';

const open = l10n.t('Open in Inspector');
const showFolder = l10n.t('Show Run Folder');
const resume = l10n.t('Resume Training');
const showLog = l10n.t('Show Log');
const lookAtData = l10n.t('Preview Data');

function describeEnd(title: string, result: TrainResult): string {
  const message = result.message.replace(/\.?$/, '.');
  const { best } = result;
  return best
    ? l10n.t('Training of {0}: {1} Best: {2} at step {3}.', title, message, formatBest(best), best.step)
    : l10n.t('Training of {0}: {1}', title, message);
}

export async function showEnd(training: Training, result?: TrainResult, error?: unknown): Promise<void> {
  const { title, folder } = training;
  if (result) {
    const text = describeEnd(title, result);
    log().info(text);
    const choices = result.bestCheckpoint ? [open, showFolder] : [showFolder];
    const choice =
      result.status === 'failed'
        ? await window.showErrorMessage(text, ...choices, showLog)
        : await window.showInformationMessage(text, ...choices);
    await act(choice, folder, result.bestCheckpoint);
    return;
  }
  const { message, userError, stack } = toErrorData(error);
  log().error(`Training of ${title}: ${userError ? message : (stack ?? message)}`);
  const last = Uri.joinPath(Uri.file(folder), 'checkpoints', 'last.flow.safetensors');
  const { data } = training.request;
  const text = l10n.t('Training of {0} failed: {1}', title, inWindowWords(message));
  if (userError) {
    const choice = await window.showWarningMessage(text, ...(data === undefined ? [] : [lookAtData]));
    if (choice === lookAtData) await commands.executeCommand('flowscope.previewData', data);
    return;
  }
  const choices = (await exists(last)) ? [resume, showLog] : [showLog];
  await act(await window.showErrorMessage(text, ...choices), folder);
}

async function act(choice: string | undefined, folder: string, checkpoint?: string): Promise<void> {
  if (choice === open && checkpoint)
    await commands.executeCommand('flowscope.openInInspector', Uri.file(checkpoint));
  if (choice === showFolder) await commands.executeCommand('flowscope.showRunFolder', Uri.file(folder));
  if (choice === resume) await commands.executeCommand('flowscope.resumeTraining', Uri.file(folder));
  if (choice === showLog) log().show();
}
