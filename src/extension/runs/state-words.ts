/** The state of a run, in a word. */
import { l10n } from 'vscode';
import type { RunState } from './run-files';

export const stateWords: Record<RunState, string> = {
  running: l10n.t('training'),
  paused: l10n.t('paused'),
  finished: l10n.t('finished'),
  stopped: l10n.t('stopped'),
  interrupted: l10n.t('interrupted'),
  failed: l10n.t('failed'),
  unreadable: l10n.t('cannot be read'),
};
