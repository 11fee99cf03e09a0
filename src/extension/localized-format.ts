/** The texts of `format`, in the language of VS Code. */
import { env, l10n } from 'vscode';
import { languageOf } from '../protocol/language';
import { formatsIn } from './format';

export const { formatBest, formatTrainings, formatBytes } = formatsIn({
  noValidation: l10n.t('no validation yet'),
  saving: l10n.t('saving…'),
  preparing: l10n.t('preparing…'),
  paused: l10n.t('paused'),
  trainings: l10n.t('{0} trainings'),
  somePaused: l10n.t('{0} paused'),
  step: l10n.t('step {0}'),
  left: l10n.t('{0} left'),
  decimalMark: languageOf(env.language) === 'de' ? ',' : '.',
});
