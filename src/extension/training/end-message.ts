/** The one message of a training: at its end. */
import { commands, l10n, Uri } from 'vscode';
import type { TrainResult } from '../../protocol/engine';
import { toErrorData } from '../../protocol/wire';
import { formatBest } from '../localized-format';
import { log } from '../log';
import { offer } from '../offer';
import { exists } from '../runs/run-files';
import { inWindowWords } from '../window-words';
import type { Training } from './trainings';

function describeEnd(title: string, result: TrainResult): string {
  const message = result.message.replace(/\.?$/, '.');
  const { best } = result;
  return best
    ? l10n.t('Training of {0}: {1} Best: {2} at step {3}.', title, message, formatBest(best), best.step)
    : l10n.t('Training of {0}: {1}', title, message);
}

export async function showEnd(training: Training, result?: TrainResult, error?: unknown): Promise<void> {
  const { title, folder } = training;
  const run = Uri.file(folder);
  const showLog = { [l10n.t('Show Log')]: () => log().show() };
  if (result) {
    const { status, bestCheckpoint } = result;
    const text = describeEnd(title, result);
    log().info(text);
    return offer(status === 'failed' ? 'error' : 'information', text, {
      ...(bestCheckpoint && {
        [l10n.t('Open in Inspector')]: () =>
          commands.executeCommand('flowscope.openInInspector', Uri.file(bestCheckpoint)),
      }),
      [l10n.t('Show Run Folder')]: () => commands.executeCommand('flowscope.showRunFolder', run),
      ...(status === 'failed' && showLog),
    });
  }
  const { message, userError, stack } = toErrorData(error);
  log().error(`Training of ${title}: ${userError ? message : (stack ?? message)}`);
  const { data } = training.request;
  const text = l10n.t('Training of {0} failed: {1}', title, inWindowWords(message));
  if (userError) {
    const lookAtData = (): unknown => commands.executeCommand('flowscope.previewData', data);
    return offer('warning', text, data === undefined ? {} : { [l10n.t('Preview Data')]: lookAtData });
  }
  const canResume = await exists(Uri.joinPath(run, 'checkpoints', 'last.flow.safetensors'));
  const resume = (): unknown => commands.executeCommand('flowscope.resumeTraining', run);
  await offer('error', text, { ...(canResume && { [l10n.t('Resume Training')]: resume }), ...showLog });
}
