/** The one message of a training: at its end. */
import { commands, Uri, window } from 'vscode';
import type { TrainResult } from '../../protocol/engine';
import { toErrorData } from '../../protocol/wire';
import { formatBest } from '../format';
import { log } from '../log';
import { exists } from '../runs/run-files';
import type { Training } from './trainings';

const open = 'Open in Inspector';
const showFolder = 'Show Run Folder';
const resume = 'Resume Training';
const showLog = 'Show Log';

function describeEnd(title: string, result: TrainResult): string {
  const best = result.best ? ` Best: ${formatBest(result.best)} at step ${result.best.step}.` : '';
  const message = result.message.replace(/\.?$/, '.');
  return `Training of ${title}: ${message}${best}`;
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
  const choices = !userError && (await exists(last)) ? [resume, showLog] : [showLog];
  await act(await window.showErrorMessage(`Training of ${title} failed: ${message}`, ...choices), folder);
}

async function act(choice: string | undefined, folder: string, checkpoint?: string): Promise<void> {
  if (choice === open && checkpoint)
    await commands.executeCommand('flowscope.openInInspector', Uri.file(checkpoint));
  if (choice === showFolder) await commands.executeCommand('flowscope.showRunFolder', Uri.file(folder));
  if (choice === resume) await commands.executeCommand('flowscope.resumeTraining', Uri.file(folder));
  if (choice === showLog) log().show();
}
