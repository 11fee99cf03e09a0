import path from 'node:path';
import { l10n } from 'vscode';
import { offer } from '../offer';
import { isModelFile } from '../view-types';
import type { FileName, InspectionEngines } from './inspection-engines';

/** Offered when a file, or without one Flowscope's own models, have not answered for some seconds. */
export function offerToStop(engines: InspectionEngines, file?: FileName): Promise<void> {
  const stop = (): unknown => engines.stop(file);
  if (!file)
    // Their common engine cannot say any more which of them it is.
    return offer(
      'warning',
      l10n.t(
        'Checkpoints and recordings of Flowscope have not answered for some seconds. What one of them computes may never end.',
      ),
      { [l10n.t('Stop These Models')]: stop },
    );
  const name = path.posix.basename(file.path);
  return offer(
    'warning',
    l10n.t('{0} has not answered for some seconds. What it computes may never end.', name),
    { [isModelFile(file) ? l10n.t('Stop This Model') : l10n.t('Stop Reading It')]: stop },
  );
}
