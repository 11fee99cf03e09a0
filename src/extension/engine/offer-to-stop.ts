import path from 'node:path';
import { l10n, window } from 'vscode';
import { isModelFile } from '../view-types';
import type { FileName, InspectionEngines } from './inspection-engines';

/** Offered when a file, or without one Flowscope's own models, have not answered for some seconds. */
export async function offerToStop(engines: InspectionEngines, file?: FileName): Promise<void> {
  if (!file) return offerToStopOwn(engines);
  const stop = isModelFile(file) ? l10n.t('Stop This Model') : l10n.t('Stop Reading It');
  const name = path.posix.basename(file.path);
  const chosen = await window.showWarningMessage(
    l10n.t('{0} has not answered for some seconds. What it computes may never end.', name),
    stop,
  );
  if (chosen === stop) engines.stop(file);
}

/** Their common engine cannot say any more which of them it is. */
async function offerToStopOwn(engines: InspectionEngines): Promise<void> {
  const stop = l10n.t('Stop These Models');
  const chosen = await window.showWarningMessage(
    l10n.t(
      'Checkpoints and recordings of Flowscope have not answered for some seconds. What one of them computes may never end.',
    ),
    stop,
  );
  if (chosen === stop) engines.stop();
}
